/**
 * The object identifiers by which Teleport writes an identity into the subject of an X.509 certificate. The short names
 * (`2.5.4.*`) are those of X.520 with Teleport's meaning beside them; `1.3.9999.*` is Teleport's own arc.
 */
export const TELEPORT_OID = {
  /** CN: the user name; on a host certificate `<host id>.<cluster>`. */
  user: '2.5.4.3',
  /** L: logins. */
  logins: '2.5.4.7',
  /** STREET: the cluster that requests are routed to. */
  routeToCluster: '2.5.4.9',
  /** O: roles; on a host certificate the system role, on an authority's the cluster name. */
  roles: '2.5.4.10',
  /** OU: usage restrictions such as `usage:apps`. */
  usage: '2.5.4.11',
  /** POSTALCODE: traits as JSON. */
  traits: '2.5.4.17',
  /** SERIALNUMBER: an authority's own serial, decimal. */
  authoritySerial: '2.5.4.5',

  kubernetesUsers: '1.3.9999.1.1',
  kubernetesGroups: '1.3.9999.1.2',
  kubernetesCluster: '1.3.9999.1.3',
  appSessionId: '1.3.9999.1.4',
  appClusterName: '1.3.9999.1.5',
  appPublicAddr: '1.3.9999.1.6',
  teleportCluster: '1.3.9999.1.7',
  mfaVerified: '1.3.9999.1.8',
  loginIp: '1.3.9999.1.9',
  appName: '1.3.9999.1.10',
  appAwsRoleArn: '1.3.9999.1.11',
  awsRoleArns: '1.3.9999.1.12',
  renewable: '1.3.9999.1.13',
  generation: '1.3.9999.1.14',
  privateKeyPolicy: '1.3.9999.1.15',
  appAzureIdentity: '1.3.9999.1.16',
  azureIdentities: '1.3.9999.1.17',
  appGcpServiceAccount: '1.3.9999.1.18',
  gcpServiceAccounts: '1.3.9999.1.19',
  userType: '1.3.9999.1.20',
  appTargetPort: '1.3.9999.1.21',
  appAwsCredentialProcess: '1.3.9999.1.22',

  databaseService: '1.3.9999.2.1',
  databaseProtocol: '1.3.9999.2.2',
  databaseUser: '1.3.9999.2.3',
  databaseName: '1.3.9999.2.4',
  databaseNames: '1.3.9999.2.5',
  databaseUsers: '1.3.9999.2.6',
  impersonator: '1.3.9999.2.7',
  activeRequests: '1.3.9999.2.8',
  disallowReissue: '1.3.9999.2.9',
  allowedResources: '1.3.9999.2.10',
  systemRoles: '1.3.9999.2.11',
  previousIdentityExpires: '1.3.9999.2.12',
  connectionDiagnosticId: '1.3.9999.2.13',
  /** An X.509 extension of Windows desktop certificates, not part of the subject; so are the next two and `adStatus`. */
  license: '1.3.9999.2.14',
  pinnedIp: '1.3.9999.2.15',
  createWindowsUser: '1.3.9999.2.16',
  desktopsLimitExceeded: '1.3.9999.2.17',
  botName: '1.3.9999.2.18',
  requestedDatabaseRoles: '1.3.9999.2.19',
  botInstanceId: '1.3.9999.2.20',
  joinAttributes: '1.3.9999.2.21',
  adStatus: '1.3.9999.2.22',

  deviceId: '1.3.9999.3.1',
  deviceAssetTag: '1.3.9999.3.2',
  deviceCredentialId: '1.3.9999.3.3',
} as const;
