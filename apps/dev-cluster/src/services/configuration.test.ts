import { ClusterConfigServiceDefinition as Config } from '@teleport-ts/api-types/proto/teleport/clusterconfig/v1/cluster_config_service';
import { AuthServiceDefinition as Auth } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import { expect, it } from 'vitest';
import { DevCluster } from '../dev-cluster.ts';
import { TemporaryDirectory } from '../testing/temporary-directory.ts';
import { userClient } from '../testing/wire-bot.ts';
import { wireStatus } from '../testing/wire-client.ts';

it('what is written down about proxies and recordings is kept, told, and taken back', async () => {
  await using directory = await TemporaryDirectory.create();
  const dataDir = directory.join('data');
  {
    await using cluster = await DevCluster.start({ dataDir });
    cluster.upsertRole({ name: 'boss', allow: { rules: [{ resources: ['*'], verbs: ['*'] }] } });
    cluster.upsertUser({ name: 'alice', roles: ['boss'] });
    using admin = await userClient(cluster, 'alice');
    const watch = admin.stream(Auth, 'watchEvents', { Kinds: [{ Kind: 'session_recording_config' }] });
    const events = watch[Symbol.asyncIterator]();
    await events.next();
    await admin.call(Config, 'upsertSessionRecordingConfig', { sessionRecordingConfig: { Spec: { Mode: 'off' } } });
    expect((await events.next()).value.Resource.value.Spec.Mode).toBe('off');
    watch.on('error', () => {});
    watch.cancel();
    const before = await admin.call(Config, 'getClusterNetworkingConfig', {});
    const stale = { ...before, Metadata: before.Metadata && { ...before.Metadata, Revision: 'x' } };
    const update = (clusterNetworkConfig: typeof before) =>
      admin.call(Config, 'updateClusterNetworkingConfig', { clusterNetworkConfig });
    expect((await wireStatus(update(stale))).code).toBe(9);
    const Spec = before.Spec && { ...before.Spec, ClientIdleTimeoutMessage: 'gone' };
    expect((await wireStatus(admin.call(Config, 'resetClusterNetworkingConfig', {}))).code).toBe(3);
    await update({ ...before, Spec });
  }
  await using cluster = await DevCluster.start({ dataDir });
  using admin = await userClient(cluster, 'alice');
  const networking = await admin.call(Config, 'getClusterNetworkingConfig', {});
  expect(networking.Spec?.ClientIdleTimeoutMessage).toBe('gone');
  expect((await admin.call(Config, 'getSessionRecordingConfig', {})).Spec?.Mode).toBe('off');
  await admin.call(Config, 'resetClusterNetworkingConfig', {});
  const reset = await admin.call(Config, 'getClusterNetworkingConfig', {});
  expect(reset.Spec?.ClientIdleTimeoutMessage).toBe('');
  expect(reset.Metadata?.Labels.get('teleport.dev/origin')).toBe('defaults');
});
