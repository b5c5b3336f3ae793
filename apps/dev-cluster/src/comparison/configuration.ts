import type { RequestInput } from '@teleport-ts/api-types';
import { ClusterConfigServiceDefinition as Config } from '@teleport-ts/api-types/proto/teleport/clusterconfig/v1/cluster_config_service';
import { AuthServiceDefinition as Auth } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import { type Comparison, call } from './comparison.ts';

// Writing the configuration of proxies and of recordings.

type Networking = NonNullable<
  RequestInput<(typeof Config)['methods']['upsertClusterNetworkingConfig']>['clusterNetworkConfig']
>;
type Recording = NonNullable<
  RequestInput<(typeof Config)['methods']['upsertSessionRecordingConfig']>['sessionRecordingConfig']
>;

const stale = '00000000-0000-0000-0000-000000000000';
const mesh: NonNullable<Networking['Spec']> = { TunnelStrategy: { Strategy: { $case: 'AgentMesh', value: {} } } };
const peering: NonNullable<Networking['Spec']> = {
  TunnelStrategy: { Strategy: { $case: 'ProxyPeering', value: { AgentConnectionCount: 2n } } },
};

const upsert = (Spec: Networking['Spec'], more: Networking = {}) =>
  call(Config, 'upsertClusterNetworkingConfig', { clusterNetworkConfig: { Spec, ...more } });
const update = (Spec: Networking['Spec'], more: Networking = {}) =>
  call(Config, 'updateClusterNetworkingConfig', { clusterNetworkConfig: { Spec, ...more } });
const reset = call(Config, 'resetClusterNetworkingConfig', {});
const read = call(Config, 'getClusterNetworkingConfig', {});

const ofNetworking: readonly Comparison[] = [
  { name: 'upsert, no right', caller: 'bob', question: upsert(mesh) },
  { name: 'update, no right', caller: 'bob', question: update(mesh) },
  { name: 'reset, no right', caller: 'bob', question: reset },
  { name: 'reset what the file says', caller: 'admin', question: reset },
  { name: 'upsert, no strategy', caller: 'admin', question: upsert({}) },
  { name: 'upsert, no spec', caller: 'admin', question: upsert(undefined) },
  { name: 'upsert, an empty strategy', caller: 'admin', question: upsert({ TunnelStrategy: {} }) },
  { name: 'upsert, of the enterprise edition', caller: 'admin', question: upsert(peering) },
  { name: 'update, of the enterprise edition', caller: 'admin', question: update(peering) },
  { name: 'update, no strategy', caller: 'admin', question: update({}) },
  { name: 'update, stale', caller: 'admin', question: update(mesh, { Metadata: { Revision: stale } }) },
  { name: 'update, no revision', caller: 'admin', question: update(mesh) },
  {
    name: 'upsert',
    caller: 'admin',
    question: upsert(
      {
        ...mesh,
        ...{ ProxyListenerMode: 1, ClientIdleTimeout: 60_000_000_000n, KeepAliveCountMax: 5n },
        ClientIdleTimeoutMessage: 'gone',
      },
      { Kind: 'nonsense', Metadata: { Name: 'nonsense', Labels: new Map([['a', 'b']]), Description: 'about' } },
    ),
  },
  { name: 'read after it', caller: 'admin', question: read, eventually: true },
  {
    name: 'read after it, in the older place',
    caller: 'admin',
    question: call(Auth, 'getClusterNetworkingConfig', {}),
  },
  { name: 'reset', caller: 'admin', question: reset, eventually: true },
  { name: 'reset again', caller: 'admin', question: reset, eventually: true },
  { name: 'read after the reset', caller: 'admin', question: read, eventually: true },
  { name: 'upsert again', caller: 'admin', question: upsert({ ...mesh, ProxyListenerMode: 1 }) },
];

const upsertRecording = (Spec: Recording['Spec'], more: Recording = {}) =>
  call(Config, 'upsertSessionRecordingConfig', { sessionRecordingConfig: { Spec, ...more } });
const updateRecording = (Spec: Recording['Spec'], more: Recording = {}) =>
  call(Config, 'updateSessionRecordingConfig', { sessionRecordingConfig: { Spec, ...more } });
const resetRecording = call(Config, 'resetSessionRecordingConfig', {});
const readRecording = call(Config, 'getSessionRecordingConfig', {});

const ofRecording: readonly Comparison[] = [
  { name: 'upsert, no right', caller: 'bob', question: upsertRecording({}) },
  { name: 'update, no right', caller: 'bob', question: updateRecording({}) },
  { name: 'reset, no right', caller: 'bob', question: resetRecording },
  { name: 'upsert, unknown mode', caller: 'admin', question: upsertRecording({ Mode: 'nonsense' }) },
  { name: 'update, stale', caller: 'admin', question: updateRecording({}, { Metadata: { Revision: stale } }) },
  {
    name: 'upsert',
    caller: 'admin',
    question: upsertRecording(
      { Mode: 'node-sync', ProxyChecksHostKeys: { Value: false } },
      { Metadata: { Labels: new Map([['a', 'b']]) } },
    ),
  },
  { name: 'read after it', caller: 'admin', question: readRecording, eventually: true },
  { name: 'upsert nothing', caller: 'admin', question: upsertRecording(undefined) },
  { name: 'reset', caller: 'admin', question: resetRecording, eventually: true },
  { name: 'reset again', caller: 'admin', question: resetRecording, eventually: true },
  { name: 'read after the reset', caller: 'admin', question: readRecording, eventually: true },
];

const named = (what: string, list: readonly Comparison[]): Comparison[] =>
  list.map((comparison) => ({ ...comparison, name: `${what}: ${comparison.name}` }));

export const configuration: readonly Comparison[] = [
  ...named('networking', ofNetworking),
  ...named('recording', ofRecording),
];
