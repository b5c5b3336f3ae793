import { fromDurationMessage } from '@teleport-ts/api-types';
import type { BotSpec } from '@teleport-ts/api-types/proto/teleport/machineid/v1/bot';
import type { RoleV6 } from '@teleport-ts/api-types/proto/teleport/types/role';
import type { UserV2 } from '@teleport-ts/api-types/proto/teleport/types/user';
import { badParameter } from '../errors.ts';
import { labelValues } from '../resources.ts';
import { NANOSECONDS_PER_MS } from '../timestamps.ts';

interface BotResources {
  readonly user: UserV2;
  readonly role: RoleV6;
}

/**
 * A bot's user and role with those fields of `spec` that the mask names.
 *
 * @throws TeleportError `bad_parameter`
 */
export function changedBot(bot: BotResources, spec: BotSpec, mask: readonly string[]): BotResources {
  return mask.reduce((result, path) => withField(result, spec, path), bot);
}

function withField({ user, role }: BotResources, spec: BotSpec, path: string): BotResources {
  switch (path) {
    case 'spec.roles': {
      if (spec.roles.includes('')) throw badParameter('spec.roles: must not contain empty strings');
      const Impersonate = { Users: [], Roles: spec.roles, Where: '' };
      const Spec = role.Spec && { ...role.Spec, Allow: role.Spec.Allow && { ...role.Spec.Allow, Impersonate } };
      return { user, role: { ...role, Spec } };
    }
    case 'spec.traits': {
      const Traits = labelValues(traitsOf(spec.traits));
      return { user: { ...user, Spec: user.Spec && { ...user.Spec, Traits } }, role };
    }
    case 'spec.max_session_ttl': {
      const ttlMs = fromDurationMessage(spec.maxSessionTtl) || DEFAULT_MAX_SESSION_TTL_MS;
      const MaxSessionTTL = BigInt(ttlMs) * NANOSECONDS_PER_MS;
      const Options = role.Spec?.Options && { ...role.Spec.Options, MaxSessionTTL };
      return { user, role: { ...role, Spec: role.Spec && { ...role.Spec, Options } } };
    }
    default:
      throw badParameter(`update_mask: unsupported path ${JSON.stringify(path)}`);
  }
}

/** Without a limit of its own the role gets that of any other role, not that of new bots. */
const DEFAULT_MAX_SESSION_TTL_MS = 30 * 3_600_000;

/** Traits of the same name are one; those without values are none. */
export function traitsOf(traits: BotSpec['traits']): Record<string, string[]> {
  const result = new Map<string, string[]>();
  for (const { name, values } of traits) {
    if (values.length > 0) result.set(name, [...(result.get(name) ?? []), ...values]);
  }
  return Object.fromEntries(result);
}
