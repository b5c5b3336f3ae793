import { authorize, type Caller } from '../access/caller.ts';
import type { Verb } from '../access/rules.ts';

/** Why a caller may not do something to a kind of resource. */
export interface Refusal {
  readonly error: unknown;
  /** A rule says so, and not only that no rule allows it. */
  readonly explicit: boolean;
}

/** The refusal of what the caller's rules do not let it do; undefined where they do. */
export function refusal(caller: Caller, kind: string, ...verbs: Verb[]): Refusal | undefined {
  try {
    authorize(caller, kind, ...verbs);
    return undefined;
  } catch (error) {
    return { error, explicit: verbs.some((verb) => caller.roles.denies(kind, verb)) };
  }
}

/** Whether the caller is this user, of this cluster. */
export const isSelf = (caller: Caller, user: string): boolean =>
  caller.identity !== undefined && !caller.systemRole && !caller.isRemote && caller.user === user;

/** Whether the caller may do for a user what users do for themselves: it is that user, or may make users. */
export const mayActFor = (caller: Caller, user: string): boolean =>
  isSelf(caller, user) || refusal(caller, 'user', 'create') === undefined;

/** Who calls, as texts name it; whoever has no certificate is called by the role that all such have. */
export const callerName = ({ identity, user }: Caller): string => (identity ? user : 'Nop');
