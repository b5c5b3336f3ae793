import type { Client } from '@teleport-ts/api-client';
import { TeleportError } from '@teleport-ts/api-types';
import { AuthServiceDefinition } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';

/**
 * The roles that the bot may impersonate: what its own role allows. Sorted; may hold patterns (`*`).
 *
 * @param botUser the bot's user, whose role has the same name
 */
export async function impersonableRoles(client: Client, botUser: string): Promise<readonly string[]> {
  const role = await client.service(AuthServiceDefinition).getRole({ Name: botUser });
  const denied = new Set(role.Spec?.Deny?.Impersonate?.Roles ?? []);
  const allowed = role.Spec?.Allow?.Impersonate?.Roles ?? [];
  return [...new Set(allowed)].filter((name) => !denied.has(name)).sort();
}

/**
 * The asked roles that are not among the impersonable ones; an entry with `*` stands for any text, as in a role.
 */
export function offendingRoles(asked: readonly string[], impersonable: readonly string[]): string[] {
  return asked.filter((role) => !impersonable.some((allowed) => allowed === role || matches(allowed, role)));
}

function matches(pattern: string, role: string): boolean {
  if (!pattern.includes('*')) return false;
  const parts = pattern.split('*').map((part) => part.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`, 's').test(role);
}

/** A refusal because of roles; carries which ones. */
export class RolesRefusedError extends TeleportError {
  /** The roles that offended, of those that were asked for. */
  readonly offendingRoles: readonly string[];

  constructor(offending: readonly string[], impersonable: readonly string[], cause?: unknown) {
    const names = offending.map((role) => JSON.stringify(role)).join(', ');
    const many = offending.length > 1 ? 'roles' : 'role';
    super('access_denied', `the bot may not impersonate the ${many} ${names}`, {
      hint:
        impersonable.length > 0
          ? `it may impersonate: ${impersonable.join(', ')}`
          : 'give the bot roles: `tctl bots update <name> --add-roles …`',
      ...(cause !== undefined && { cause }),
    });
    this.offendingRoles = offending;
  }
}
