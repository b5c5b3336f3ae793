import type { TlsIdentity } from '@teleport-ts/api-types';
import type { RoleSet } from './role-set.ts';
import type { RuleContext } from './rule-context.ts';
import { ruleError, type Verb } from './rules.ts';
import type { Usable } from './usable.ts';

/** Who makes a call, and what its roles let it do. */
export interface Caller {
  /** The user name, a host's name, or empty without a client certificate. */
  readonly user: string;
  readonly roles: RoleSet;
  /** What the client certificate says; none without one. */
  readonly identity?: TlsIdentity;
  /** A system role such as `Admin`, held by certificates of the host authority only. */
  readonly systemRole?: string;
  /** Whether it is somebody of another cluster, as it is known here. */
  readonly isRemote?: boolean;
  /** The address that the call comes from, without the port. */
  readonly ip: string;
}

/**
 * Whether the caller may do all of this to a kind of resource. The cluster's own `Admin` may do anything.
 *
 * @throws TeleportError `access_denied`, naming each missing verb, or what is wrong with a rule
 */
export function authorize(caller: Caller, kind: string, ...verbs: Verb[]): void {
  authorizeFor(caller, {}, kind, ...verbs);
}

/**
 * The same for a call about one resource, which rules may look at.
 *
 * @throws TeleportError as {@link authorize} does
 */
export function authorizeFor(caller: Caller, about: RuleContext, kind: string, ...verbs: Verb[]): void {
  if (caller.systemRole === 'Admin') return;
  caller.roles.checkRules(kind, verbs, about);
}

/**
 * Whether there may be resources of a kind to which the caller may do this; to which ones its rules say later.
 *
 * @throws TeleportError `access_denied`, naming each missing verb
 */
export function authorizeMaybe(caller: Caller, kind: string, ...verbs: Verb[]): void {
  if (caller.systemRole === 'Admin') return;
  caller.roles.checkRules(kind, verbs, {}, 'guessed');
}

/**
 * The same for a kind whose resources live in namespaces. The only one left is `default`; rules hold for no other.
 *
 * @throws TeleportError `access_denied`, naming each missing verb
 */
export function authorizeIn(namespace: string, caller: Caller, kind: string, ...verbs: Verb[]): void {
  if (namespace !== '' && namespace !== 'default') throw ruleError(kind, verbs);
  authorize(caller, kind, ...verbs);
}

/** Whether the caller's roles let it use a resource, by its labels. The cluster's own `Admin` may use everything. */
export const mayUse = (caller: Caller, resource: Usable): boolean =>
  caller.systemRole === 'Admin' || caller.roles.mayUse(resource);
