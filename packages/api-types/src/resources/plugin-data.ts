import { badParameter } from '../bad-parameter.ts';
import { PluginDataSpecV3, PluginDataV3 } from '../gen/teleport/types/plugin_data.ts';
import { checkMetadata } from './metadata.ts';
import { metadataFrom, type ResourceFields, type ResourceView, resourceView } from './resource.ts';

/** What plugins may keep data about. Clusters with access lists have `access_list` too. */
export type PluginDataKind = 'access_request' | 'access_list';

/** Texts that one plugin keeps under names of its own. */
export type PluginDataEntry = Readonly<Record<string, string>>;

/** What plugins keep about one resource; its name is the name of that resource. */
export interface PluginData extends ResourceView<PluginDataV3> {
  /** The kind of the resource; `access_request`, if the cluster does not know more. */
  readonly resourceKind: string;
  /** By the name of the plugin. */
  readonly entries: Readonly<Record<string, PluginDataEntry>>;
}

/** What {@link newPluginData} makes plugin data of. Clusters make it themselves, when a plugin writes its first text. */
export interface PluginDataFields extends ResourceFields<PluginDataV3> {
  readonly resourceKind: PluginDataKind;
  readonly entries?: Readonly<Record<string, PluginDataEntry>>;
}

/** Plugin data as its message says it. */
export function pluginDataView(message: PluginDataV3): PluginData {
  const entries = [...(message.Spec?.Entries ?? [])];
  return {
    ...resourceView(message),
    resourceKind: message.SubKind,
    entries: Object.fromEntries(entries.map(([plugin, { Data }]) => [plugin, Object.fromEntries(Data)])),
  };
}

/**
 * Plugin data as a cluster keeps it, checked and with its defaults.
 *
 * @throws TeleportError `bad_parameter`, naming the field
 */
export function newPluginData(fields: PluginDataFields): PluginDataV3 {
  const before = fields.raw ?? PluginDataV3.create();
  const spec = before.Spec ?? PluginDataSpecV3.create();
  const entries =
    fields.entries &&
    new Map(Object.entries(fields.entries).map(([plugin, data]) => [plugin, { Data: new Map(Object.entries(data)) }]));
  return checkAndSetDefaults({
    ...before,
    SubKind: fields.resourceKind,
    Metadata: metadataFrom(fields),
    Spec: { ...spec, Entries: entries ?? spec.Entries },
  });
}

/**
 * What holds for any plugin data, with the defaults that the basic part of a cluster fills in.
 *
 * @throws TeleportError `bad_parameter`, with the texts of a Teleport 18
 */
export function checkAndSetDefaults(data: PluginDataV3): PluginDataV3 {
  const Metadata = checkMetadata(data.Metadata);
  if (data.SubKind === '') throw badParameter('plugin data missing subkind');
  return { ...data, Kind: 'plugin_data', Version: 'v3', Metadata, Spec: data.Spec ?? PluginDataSpecV3.create() };
}
