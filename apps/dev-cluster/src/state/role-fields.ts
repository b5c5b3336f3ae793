import type { RoleV6 } from '@teleport-ts/api-types/proto/teleport/types/role';
import { newRole, type RoleConditionsFields, type RoleOptionsFields } from '@teleport-ts/api-types/resources/role';
import { stamped } from '../resources.ts';

export interface RoleFields {
  readonly name: string;
  readonly allow?: RoleConditionsFields;
  readonly deny?: RoleConditionsFields;
  /** The longest that a certificate with this role lives. Default 30 hours. */
  readonly maxSessionTtlMs?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly options?: RoleOptionsFields;
}

/** A role resource of these fields, everything else at its default. */
export function roleFrom({ maxSessionTtlMs = 0, options, ...fields }: RoleFields): RoleV6 {
  return stamped(newRole({ ...fields, options: { maxSessionTtlMs, ...options } }));
}
