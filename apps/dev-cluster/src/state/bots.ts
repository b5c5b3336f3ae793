import { toDurationMessage } from '@teleport-ts/api-types';
import type { Bot } from '@teleport-ts/api-types/proto/teleport/machineid/v1/bot';
import { RoleV6 as Role, type RoleV6 } from '@teleport-ts/api-types/proto/teleport/types/role';
import type { UserV2 } from '@teleport-ts/api-types/proto/teleport/types/user';
import { checkAndSetDefaults } from '@teleport-ts/api-types/resources/role';
import { fromLabelValues, metadataOf, nameOf, stamped } from '../resources.ts';
import { NANOSECONDS_PER_MS } from '../timestamps.ts';
import type { ClusterState } from './cluster-state.ts';
import { newUser } from './users.ts';

export const BOT_LABEL = 'teleport.internal/bot';
export const GENERATION_LABEL = 'teleport.internal/bot-generation';
const DEFAULT_MAX_SESSION_TTL_MS = 12 * 3_600_000;

export interface BotFields {
  readonly name: string;
  /** The roles that the bot may impersonate. */
  readonly roles: readonly string[];
  readonly traits?: Readonly<Record<string, readonly string[]>>;
  /** Default 12 hours. */
  readonly maxSessionTtlMs?: number | undefined;
  readonly labels?: Readonly<Record<string, string>>;
  /** When it ceases to exist, in milliseconds since 1970. Default: never. */
  readonly expiresAt?: number | undefined;
  /** Who makes the bot. */
  readonly createdBy?: string;
}

/** The name of a bot's user and of its role. */
export const botUserName = (botName: string): string => `bot-${botName.replaceAll(' ', '-')}`;

/** A bot is no resource of its own: it is a user and a role, both marked with its name. */
export function putBot(state: ClusterState, fields: BotFields): { user: UserV2; role: RoleV6 } {
  const name = botUserName(fields.name);
  const role = botRole(fields);
  const before = state.users.get(name);
  const generation = before?.Metadata?.Labels.get(GENERATION_LABEL) ?? '0';
  const user = newUser(state, {
    name,
    roles: [name],
    traits: fields.traits ?? {},
    labels: { ...fields.labels, [BOT_LABEL]: fields.name, [GENERATION_LABEL]: generation },
    expiresAt: fields.expiresAt,
    ...(fields.createdBy !== undefined && { createdBy: fields.createdBy }),
  });
  state.roles.put(name, role);
  state.users.put(name, user);
  return { user, role };
}

function botRole({ name, roles, expiresAt, maxSessionTtlMs = DEFAULT_MAX_SESSION_TTL_MS }: BotFields): RoleV6 {
  const role = Role.create({
    Version: 'v8',
    Metadata: metadataOf({
      name: botUserName(name),
      description: `Automatically generated role for bot ${name}`,
      labels: { [BOT_LABEL]: name },
      expiresAt,
    }),
    Spec: {
      Options: { MaxSessionTTL: BigInt(maxSessionTtlMs) * NANOSECONDS_PER_MS },
      Allow: {
        Rules: [{ Resources: ['cert_authority'], Verbs: ['readnosecrets'] }],
        Impersonate: { Roles: [...roles] },
      },
    },
  });
  return stamped(checkAndSetDefaults(role));
}

/** The bot behind a user, or undefined when the user is nobody's bot. */
export function botOf(state: ClusterState, user: UserV2 | undefined): Bot | undefined {
  const name = user?.Metadata?.Labels.get(BOT_LABEL);
  if (name === undefined || !user) return undefined;
  const role = state.roles.get(nameOf(user));
  if (!role) return undefined;
  const labels = new Map(user.Metadata?.Labels);
  labels.delete(BOT_LABEL);
  labels.delete(GENERATION_LABEL);
  const traits = Object.entries(fromLabelValues(user.Spec?.Traits)).filter(([, values]) => values.length > 0);
  return {
    kind: 'bot',
    subKind: '',
    version: 'v1',
    metadata: { name, namespace: '', description: '', labels, expires: user.Metadata?.Expires, revision: '' },
    spec: {
      roles: role.Spec?.Allow?.Impersonate?.Roles ?? [],
      traits: traits.map(([key, values]) => ({ name: key, values: [...values] })),
      maxSessionTtl: toDurationMessage(Number((role.Spec?.Options?.MaxSessionTTL ?? 0n) / NANOSECONDS_PER_MS)),
    },
    status: { userName: nameOf(user), roleName: nameOf(user) },
  };
}
