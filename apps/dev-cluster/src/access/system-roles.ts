/** The roles of Teleport's own services, which certificates of the host authority hold. */
export const SYSTEM_ROLES: ReadonlySet<string> = new Set(
  (
    'Auth Node Proxy Admin Kube App Db WindowsDesktop Bot Instance Discovery Okta MDM Nop ProvisionToken Signup ' +
    'Trusted_cluster RemoteProxy AccessGraphPlugin'
  ).split(' '),
);
