import { badParameter } from '../bad-parameter.ts';
import { Metadata } from '../gen/teleport/header/v1/metadata.ts';
import { Bot as BotMessage, BotSpec } from '../gen/teleport/machineid/v1/bot.ts';
import { fromDurationMessage, fromTimestamp, toDurationMessage } from '../timestamp.ts';
import type { Traits } from '../traits.ts';
import type { LabelSelector } from './labels.ts';
import { type ResourceFields, type ResourceView, timestampFrom } from './resource.ts';

/** A machine with roles that it may impersonate. A cluster keeps it as a user and a role. */
export interface Bot extends ResourceView<BotMessage> {
  /** The roles that it may impersonate. */
  readonly roles: readonly string[];
  readonly traits: Traits;
  /** The longest that its certificates live, in milliseconds. */
  readonly maxSessionTtlMs: number;
  /** The user and the role that the cluster keeps it as. */
  readonly userName: string;
  readonly roleName: string;
}

/** What {@link newBot} makes a bot of. */
export interface BotFields extends Omit<ResourceFields<BotMessage>, 'revision' | 'description'> {
  readonly roles?: readonly string[];
  readonly traits?: LabelSelector;
  /** In milliseconds. Default: the cluster's, 12 hours. */
  readonly maxSessionTtlMs?: number;
}

/** A bot as its message says it. */
export function botView(message: BotMessage): Bot {
  const { metadata, spec, status } = message;
  const traits = new Map<string, string[]>();
  for (const { name, values } of spec?.traits ?? []) traits.set(name, [...(traits.get(name) ?? []), ...values]);
  return {
    kind: message.kind,
    subKind: message.subKind,
    version: message.version,
    name: metadata?.name ?? '',
    description: metadata?.description ?? '',
    labels: Object.fromEntries(metadata?.labels ?? []),
    expires: fromTimestamp(metadata?.expires),
    revision: metadata?.revision ?? '',
    roles: spec?.roles ?? [],
    traits: Object.fromEntries(traits),
    maxSessionTtlMs: fromDurationMessage(spec?.maxSessionTtl) ?? 0,
    userName: status?.userName ?? '',
    roleName: status?.roleName ?? '',
    raw: message,
  };
}

/**
 * A bot resource, checked and with its defaults.
 *
 * @throws TeleportError `bad_parameter`, naming the field
 * @example
 * newBot({ name: 'ci', roles: ['deployer'] });
 */
export function newBot(fields: BotFields): BotMessage {
  const before = fields.raw ?? BotMessage.create();
  const metadata = before.metadata ?? Metadata.create();
  const spec = before.spec ?? BotSpec.create();
  const { traits, maxSessionTtlMs } = fields;
  return checkAndSetDefaults({
    ...before,
    metadata: {
      ...metadata,
      name: fields.name,
      labels: fields.labels ? new Map(Object.entries(fields.labels)) : metadata.labels,
      expires: 'expires' in fields ? timestampFrom(fields.expires, metadata.expires) : metadata.expires,
    },
    spec: {
      ...spec,
      roles: fields.roles ? [...fields.roles] : spec.roles,
      traits: traits
        ? Object.entries(traits).map(([name, values]) => ({
            name,
            values: typeof values === 'string' ? [values] : [...values],
          }))
        : spec.traits,
      maxSessionTtl: maxSessionTtlMs ? toDurationMessage(maxSessionTtlMs) : spec.maxSessionTtl,
    },
  });
}

/**
 * What holds for any bot, whichever cluster it is for, with its kind and version.
 *
 * @throws TeleportError `bad_parameter`, with the texts of a Teleport 18
 */
export function checkAndSetDefaults(bot: BotMessage): BotMessage {
  const { metadata, spec } = bot;
  const fault = (text: string): Error => badParameter(`validating bot\n\t${text}`);
  if (!metadata) throw fault('metadata: must be non-nil');
  if (metadata.name === '') throw fault('metadata.name: must be non-empty');
  if (!spec) throw fault('spec: must be non-nil');
  if (spec.roles.includes('')) throw fault('spec.roles: must not contain empty strings');
  return { ...bot, kind: 'bot', version: 'v1' };
}
