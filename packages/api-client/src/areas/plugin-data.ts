import { isTeleportError, TeleportError } from '@teleport-ts/api-types';
import { Empty } from '@teleport-ts/api-types/proto/google/protobuf/empty';
import { PluginDataSeq } from '@teleport-ts/api-types/proto/teleport/proto/access_requests';
import { PluginDataFilter, PluginDataUpdateParams } from '@teleport-ts/api-types/proto/teleport/types/plugin_data';
import {
  type PluginData,
  type PluginDataEntry,
  type PluginDataKind,
  pluginDataView,
} from '@teleport-ts/api-types/resources/plugin-data';
import type { CallOptions } from '../calls/call-options.ts';
import type { Caller } from '../calls/caller.ts';
import { authMethods, unary } from './auth-methods.ts';

export type { PluginDataEntry } from '@teleport-ts/api-types/resources/plugin-data';

const PluginDataMethods = authMethods({
  getPluginData: unary('GetPluginData', PluginDataFilter, PluginDataSeq),
  updatePluginData: unary('UpdatePluginData', PluginDataUpdateParams, Empty),
});

/** What one plugin keeps about one resource. */
export interface PluginDataKey {
  /** Default `access_request`. */
  readonly kind?: PluginDataKind;
  /** The id of the request. */
  readonly resource: string;
  /** The name that the plugin goes by. */
  readonly plugin: string;
}

/** Which plugin data; what is left out does not narrow it down. */
export interface PluginDataQuery {
  /** Default `access_request`. */
  readonly kind?: PluginDataKind;
  readonly resource?: string;
  readonly plugin?: string;
}

/** What is written, and on which condition. */
export interface PluginDataUpdate {
  /** Texts under names; an empty one removes the name. Names that are left out stay as they are. */
  readonly set: PluginDataEntry;
  /**
   * Writes only if these names have these texts; an empty text stands for a name that is not there. Without it, and with
   * none in it, all is overwritten: to write only what is not there yet, expect empty texts under the names.
   */
  readonly expect?: PluginDataEntry;
}

/** All plugin data that is asked for; Teleport 18.0 has no pages of it. */
export async function listPluginData(
  client: Caller,
  { kind = 'access_request', resource = '', plugin = '' }: PluginDataQuery = {},
  options?: CallOptions,
): Promise<readonly PluginData[]> {
  const request = { Kind: kind, Resource: resource, Plugin: plugin };
  const { PluginData } = await client.unary(PluginDataMethods, 'getPluginData', request, options);
  return PluginData.map(pluginDataView);
}

/** What a plugin has written about a resource; nothing of it is an empty entry, whether the resource is there or not. */
export async function getPluginData(
  client: Caller,
  key: PluginDataKey,
  options?: CallOptions,
): Promise<PluginDataEntry> {
  const { resource, plugin } = checked(key);
  const [data] = await listPluginData(client, key, options);
  return data && data.name === resource && Object.hasOwn(data.entries, plugin)
    ? (data.entries[plugin] as PluginDataEntry)
    : {};
}

/**
 * Writes what a plugin keeps about a resource. It is gone an hour after the access that the request is for has ended.
 *
 * @throws TeleportError `compare_failed` when it is not as expected; `not_found` when there is no such request;
 * `bad_parameter` when it would be more than a million bytes
 */
export async function updatePluginData(
  client: Caller,
  key: PluginDataKey,
  { set, expect = {} }: PluginDataUpdate,
  options?: CallOptions,
): Promise<void> {
  const { kind = 'access_request', resource, plugin } = checked(key);
  const request = { Kind: kind, Resource: resource, Plugin: plugin, Set: map(set), Expect: map(expect) };
  await client.unary(PluginDataMethods, 'updatePluginData', request, options);
}

/** How often {@link swapPluginData} tries. */
export interface SwapOptions extends CallOptions {
  /** How often it reads and writes before it gives up; `timeoutMs` is for each call. Default 10. */
  readonly attempts?: number;
}

/** What came of a {@link swapPluginData}. */
export interface SwappedPluginData {
  /** What is there now. */
  readonly entry: PluginDataEntry;
  /** Whether this call has written it; not if `update` gave nothing, or what was there. */
  readonly isWritten: boolean;
}

/**
 * Changes what a plugin keeps, by a function of what is there: read, changed, written if nobody else has changed it in the
 * meantime, and read again otherwise. What `update` gives is what shall be there: names that it leaves out are removed. If it
 * gives undefined, nothing is written.
 *
 * It may be called several times, and must do nothing but compute. Of many that claim the same at once, one is told that it
 * has written:
 *
 * ```ts
 * const key = { resource: request.name, plugin: 'pager' };
 * const { isWritten } = await swapPluginData(client, key, (entry) => (entry.owner ? undefined : { ...entry, owner: host }));
 * if (isWritten) await notify(request);
 * ```
 *
 * @throws TeleportError `compare_failed` when somebody else was faster at each attempt; `not_found` when there is no such
 * request; whatever `update` throws
 */
export async function swapPluginData(
  client: Caller,
  key: PluginDataKey,
  update: (entry: PluginDataEntry) => PluginDataEntry | undefined,
  { attempts = 10, ...options }: SwapOptions = {},
): Promise<SwappedPluginData> {
  if (!Number.isInteger(attempts) || attempts < 1) {
    throw new TeleportError('bad_parameter', `attempts ${attempts} is no number above zero`);
  }
  for (let attempt = 1; ; attempt++) {
    const before = await getPluginData(client, key, options);
    const after = update(before);
    const change = after && changeOf(before, after);
    if (!change) return { entry: before, isWritten: false };
    try {
      // Never sent twice: of a second one it could not be told whether the first had written.
      await updatePluginData(client, key, change, { ...options, idempotent: false });
      return { entry: without(after), isWritten: true };
    } catch (error) {
      if (!isTeleportError(error, 'compare_failed') || attempt === attempts) throw error;
    }
  }
}

/** Everything that was there is expected to be there still, and what comes anew not to be there yet. */
function changeOf(before: PluginDataEntry, after: PluginDataEntry): PluginDataUpdate | undefined {
  const textOf = (entry: PluginDataEntry, name: string): string => (Object.hasOwn(entry, name) && entry[name]) || '';
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  const changed = names.filter((name) => textOf(before, name) !== textOf(after, name));
  if (changed.length === 0) return undefined;
  return {
    set: Object.fromEntries(changed.map((name) => [name, textOf(after, name)])),
    expect: Object.fromEntries(names.map((name) => [name, textOf(before, name)])),
  };
}

const without = (entry: PluginDataEntry): PluginDataEntry =>
  Object.fromEntries(Object.entries(entry).filter(([, text]) => text !== ''));

const map = (entry: PluginDataEntry): Map<string, string> => new Map(Object.entries(entry));

function checked(key: PluginDataKey): PluginDataKey {
  // Both would be taken for something else: a resource that is none for all of them.
  if (key.resource === '') throw new TeleportError('bad_parameter', 'resource: missing the id of the request');
  if (key.plugin === '') throw new TeleportError('bad_parameter', 'plugin: missing the name of the plugin');
  return key;
}
