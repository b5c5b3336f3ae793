export { SecurityKey } from '../mfa/security-key.ts';
export { type CertAuthority, createAuthority } from '../pki/cert-authority.ts';
export { issueSshUserCertificate } from '../pki/ssh-certificate.ts';
export { issueHostTlsCertificate, issueTlsCertificate } from '../pki/tls-certificate.ts';
export { WebAuthority } from '../pki/web-certificate.ts';
export {
  type CannedAuthority,
  CannedCredentials,
  type CannedRequest,
} from './canned-credentials.ts';
export { ConnectProxy, type ConnectProxyOptions, type ConnectRequest } from './connect-proxy.ts';
export { type EnterpriseRole, writeEnterpriseRoles } from './enterprise-roles.ts';
export { FakeClock } from './fake-clock.ts';
export { freePorts } from './free-ports.ts';
export { runInProcess } from './in-process.ts';
export { areInstalled, installedProgram } from './installed-program.ts';
export { KubernetesApi, type KubernetesApiOptions, type KubernetesRequest } from './kubernetes-api.ts';
export { type ForwardedRequest, L7Balancer, type L7BalancerOptions } from './l7-balancer.ts';
export { type HeldResources, heldResources, leakedSince } from './leaks.ts';
export { PostgresServer, type PostgresServerOptions } from './postgres-server.ts';
export { type Finished, type ProgramOptions, RunningProgram, runProgram } from './program.ts';
export {
  type RealApplication,
  type RealDatabase,
  type RealKubernetesCluster,
  type RealLeafOptions,
  RealTeleport,
  type RealTeleportConfig,
  type RealTeleportOptions,
  type RealTeleportPorts,
  teleportBinDir,
} from './real-teleport.ts';
export {
  issueNodeCertificate,
  issueServerCertificate,
  type UserAuthorities,
  userAuthorities,
} from './server-certificates.ts';
export { SshServer, type SshServerOptions } from './ssh-server.ts';
export { TemporaryDirectory } from './temporary-directory.ts';
export { startSampleCluster, withDevCluster } from './with-dev-cluster.ts';
