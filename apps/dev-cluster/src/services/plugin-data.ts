import { AuthServiceDefinition } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import type { PluginDataUpdateParams, PluginDataV3 } from '@teleport-ts/api-types/proto/teleport/types/plugin_data';
import { newPluginData } from '@teleport-ts/api-types/resources/plugin-data';
import { authorize, type Caller } from '../access/caller.ts';
import type { Verb } from '../access/rules.ts';
import { refusal } from '../access-requests/permission.ts';
import type { ClusterContext } from '../cluster-context.ts';
import { badParameter, compareFailed, notFound } from '../errors.ts';
import { nameOf, stamped } from '../resources.ts';
import { type Service, service } from '../rpc/service.ts';
import { pluginDataKey } from '../state/cluster-state.ts';
import { fromTimestamp } from '../timestamps.ts';

const HOUR_MS = 3_600_000;
const ACCESS_LIST_TTL_MS = 14 * 24 * HOUR_MS;
const MAX_BYTES = 1_000_000;

type Kind = 'access_request' | 'access_list';

/** What plugins write down about requests, so that two of them do not do the same. */
export function pluginDataCalls({ state, clock }: ClusterContext): Service {
  const { pluginData, accessRequests } = state;

  /** A little longer than the request, so that a plugin can look back when it hears of the end. */
  const fresh = (kind: Kind, name: string): PluginDataV3 => {
    const expires = (): Date | undefined => {
      if (kind !== 'access_request') return undefined;
      const request = accessRequests.get(name);
      if (!request) throw notFound(`no access request matching ${JSON.stringify(name)}`);
      return new Date((fromTimestamp(request.Spec?.Expires) ?? 0) + HOUR_MS);
    };
    const data = newPluginData({ name, resourceKind: kind });
    return newPluginData({ name, resourceKind: kind, raw: data, expires: expires() });
  };

  return service(AuthServiceDefinition, {
    getPluginData({ Kind, Resource, Plugin }, { caller }) {
      const kind = knownKind(Kind);
      for (const verb of ['list', 'read'] as const) authorizeEither(caller, kind, verb);
      const found = pluginData
        .values()
        .filter((data) => data.SubKind === kind && (Resource === '' || Resource === nameOf(data)))
        .filter((data) => Plugin === '' || data.Spec?.Entries.has(Plugin));
      return { PluginData: found };
    },
    updatePluginData(update, { caller }) {
      const kind = knownKind(update.Kind);
      authorizeEither(caller, kind, 'update');
      const key = pluginDataKey(kind, update.Resource);
      const before = pluginData.get(key) ?? fresh(kind, update.Resource);
      const renewed =
        kind === 'access_list'
          ? newPluginData({
              name: update.Resource,
              resourceKind: kind,
              raw: before,
              expires: new Date(clock.now() + ACCESS_LIST_TTL_MS),
            })
          : before;
      const data = updated(renewed, update);
      if (sizeOf(data) > MAX_BYTES) throw badParameter('plugin data size limit exceeded');
      pluginData.put(key, stamped(data));
      return {};
    },
  });
}

function knownKind(kind: string): Kind {
  if (kind !== 'access_request' && kind !== 'access_list') {
    throw badParameter(`unsupported resource kind ${JSON.stringify(kind)}`);
  }
  return kind;
}

/** The right is that of the resource, or one for plugin data alone. */
function authorizeEither(caller: Caller, kind: Kind, verb: Verb): void {
  if (refusal(caller, kind, verb)) authorize(caller, 'access_plugin_data', verb);
}

/**
 * The data with what is set, an empty text removing what is there, if all is as expected, an empty text expecting nothing.
 *
 * @throws TeleportError `compare_failed`
 */
function updated(data: PluginDataV3, { Plugin, Set: set, Expect: expected }: PluginDataUpdateParams): PluginDataV3 {
  const Entries = new Map(data.Spec?.Entries);
  const Data = new Map(Entries.get(Plugin)?.Data);
  for (const [name, value] of expected) {
    if ((Data.get(name) ?? '') !== value) {
      throw compareFailed(`expectations not met for field ${JSON.stringify(name)}`);
    }
  }
  for (const [name, value] of set) {
    if (value === '') Data.delete(name);
    else Data.set(name, value);
  }
  if (Data.size === 0) Entries.delete(Plugin);
  else Entries.set(Plugin, { Data });
  return { ...data, Spec: { Entries } };
}

/** The length of the JSON that the real one stores. */
function sizeOf({ Kind, SubKind, Version, Metadata, Spec }: PluginDataV3): number {
  const entries = Object.fromEntries(
    [...(Spec?.Entries ?? [])].map(([plugin, { Data }]) => [plugin, { data: Object.fromEntries(Data) }]),
  );
  const metadata = { name: Metadata?.Name, expires: '2006-01-02T15:04:05.999999999Z' };
  const json = { kind: Kind, sub_kind: SubKind, version: Version, metadata, spec: { entries } };
  return Buffer.byteLength(JSON.stringify(json));
}
