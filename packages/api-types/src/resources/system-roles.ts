const NAMES =
  'Auth Node Proxy Admin Kube App Db WindowsDesktop Bot Instance Discovery Okta MDM Nop ProvisionToken Signup ' +
  'Trusted_cluster RemoteProxy AccessGraphPlugin';

/** The roles of Teleport's own services, which certificates of the host authority hold and tokens give. */
export const SYSTEM_ROLES: ReadonlySet<string> = new Set(NAMES.split(' '));

const BY_LOWER_NAME: ReadonlyMap<string, string> = new Map([...SYSTEM_ROLES].map((role) => [role.toLowerCase(), role]));

/** The role of a name in whatever case, as it is written; undefined for a name of no such role. */
export function systemRoleOf(name: string): string | undefined {
  return BY_LOWER_NAME.get(name.toLowerCase());
}
