import { RoleSpecV6, RoleV6 } from '../gen/teleport/types/role.ts';
import {
  conditionsFrom,
  conditionsView,
  type RoleConditionsFields,
  type RoleConditionsView,
} from '../role/conditions.ts';
import { checkAndSetDefaults } from '../role/defaults.ts';
import { optionsFrom, optionsView, type RoleOptionsFields, type RoleOptionsView } from '../role/options.ts';
import { metadataFrom, type ResourceFields, type ResourceView, resourceView } from './resource.ts';

export type {
  RoleClaim,
  RoleConditionsFields,
  RoleConditionsView,
  RoleImpersonation,
  RoleKubernetesResource,
  RoleRequestConditions,
  RoleReviewConditions,
  RoleRule,
} from '../role/conditions.ts';
export type { RoleOptionsFields, RoleOptionsView } from '../role/options.ts';
export { checkAndSetDefaults };

/** What its holders may do, what they may not, and on which terms. */
export interface Role extends ResourceView<RoleV6> {
  readonly options: RoleOptionsView;
  readonly allow: RoleConditionsView;
  /** Wins over `allow`, here and in all other roles of the user. */
  readonly deny: RoleConditionsView;
}

/** What {@link newRole} makes a role of. */
export interface RoleFields extends ResourceFields<RoleV6> {
  /** `v3` to `v8`: labels and Kubernetes resources differ in meaning. Default `v8`. */
  readonly version?: string;
  readonly options?: RoleOptionsFields;
  readonly allow?: RoleConditionsFields;
  readonly deny?: RoleConditionsFields;
}

/** A role as its message says it. */
export function roleView(message: RoleV6): Role {
  return {
    ...resourceView(message),
    options: optionsView(message.Spec?.Options),
    allow: conditionsView(message.Spec?.Allow),
    deny: conditionsView(message.Spec?.Deny),
  };
}

/**
 * A role resource, checked and with the defaults of its version.
 *
 * @throws TeleportError `bad_parameter`, naming the field
 * @example
 * newRole({ name: 'deployer', allow: { appLabels: { env: 'dev' } }, options: { maxSessionTtlMs: 3_600_000 } });
 * newRole({ ...role, allow: { ...role.allow, logins: ['deploy'] } }); // a changed one
 */
export function newRole(fields: RoleFields): RoleV6 {
  const before = fields.raw ?? RoleV6.create();
  const spec = before.Spec ?? RoleSpecV6.create();
  return checkAndSetDefaults({
    ...before,
    Version: fields.version ?? before.Version,
    Metadata: metadataFrom(fields),
    Spec: {
      ...spec,
      Options: optionsFrom(fields.options ?? {}, spec.Options),
      Allow: conditionsFrom(fields.allow ?? {}, spec.Allow),
      Deny: conditionsFrom(fields.deny ?? {}, spec.Deny),
    },
  });
}
