import type { TlsIdentity } from '@teleport-ts/api-types';
import type { RoleSet } from './role-set.ts';
import type { Verb } from './rules.ts';

/** Who makes a call, and what its roles let it do. */
export interface Caller {
  /** The user name, a host's name, or empty without a client certificate. */
  readonly user: string;
  readonly roles: RoleSet;
  /** What the client certificate says; none without one. */
  readonly identity?: TlsIdentity;
  /** A system role such as `Admin`, held by certificates of the host authority only. */
  readonly systemRole?: string;
  /** The address that the call comes from, without the port. */
  readonly ip: string;
}

/**
 * Whether the caller may do all of this to a kind of resource. The cluster's own `Admin` may do anything.
 *
 * @throws TeleportError `access_denied`, naming each missing verb
 */
export function authorize(caller: Caller, kind: string, ...verbs: Verb[]): void {
  if (caller.systemRole === 'Admin') return;
  caller.roles.checkRules(kind, verbs);
}
