import { ClusterConfigServiceDefinition as Config } from '@teleport-ts/api-types/proto/teleport/clusterconfig/v1/cluster_config_service';
import { AuthServiceDefinition as Auth } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import { TrustServiceDefinition as Trust } from '@teleport-ts/api-types/proto/teleport/trust/v1/trust_service';
import { type Comparison, call, callPath, web } from './comparison.ts';

// Who is answered at all, and by what.

const ping = call(Auth, 'ping', {});

export const calls: readonly Comparison[] = [
  // The real one tells nobody its public address before a proxy has sent its heartbeat, and says more of its licence.
  { name: 'ping, admin', caller: 'admin', question: ping },
  { name: 'ping, bot', caller: 'bot', question: ping },
  { name: 'ping, output', caller: 'output', question: ping },
  { name: 'ping, without a certificate', caller: 'nobody', question: ping },
  { name: 'ping, too old a client', caller: 'old', question: ping, codeOnly: true },
  { name: 'ping, a newer client', caller: 'newer', question: ping },
  { name: 'ping, a version that is none', caller: 'junk', question: ping, codeOnly: true },
  { name: 'ping, no version', caller: 'silent', question: ping },
  { name: 'ping, a locked bot', caller: 'locked', question: ping },
  { name: 'ping, a deleted bot', caller: 'deleted', question: ping },
  { name: 'domain name', caller: 'bob', question: call(Auth, 'getDomainName', {}) },
  { name: 'domain name, without a certificate', caller: 'nobody', question: call(Auth, 'getDomainName', {}) },
  { name: 'cluster CA', caller: 'bob', question: call(Auth, 'getClusterCACert', {}) },
  { name: 'cluster CA, without a certificate', caller: 'nobody', question: call(Auth, 'getClusterCACert', {}) },
  { name: 'cluster CA, a locked bot', caller: 'locked', question: call(Auth, 'getClusterCACert', {}) },
  { name: 'current user', caller: 'bob', question: call(Auth, 'getCurrentUser', {}) },
  { name: 'current user, bot', caller: 'bot', question: call(Auth, 'getCurrentUser', {}) },
  { name: 'current user, without a certificate', caller: 'nobody', question: call(Auth, 'getCurrentUser', {}) },
  { name: 'current roles', caller: 'bob', question: call(Auth, 'getCurrentUserRoles', {}) },
  {
    name: 'current roles, output',
    caller: 'output',
    question: call(Auth, 'getCurrentUserRoles', {}),
  },
  { name: 'a role, without a certificate', caller: 'nobody', question: call(Auth, 'getRole', { Name: 'sink' }) },
  {
    name: 'authorities, without a certificate',
    caller: 'nobody',
    question: call(Trust, 'getCertAuthorities', { type: 'host' }),
  },
  { name: 'a method that is none', caller: 'admin', question: callPath('/proto.AuthService/Nonsense') },
  { name: 'a service that is none', caller: 'admin', question: callPath('/teleport.nonsense.v1.Nonsense/Do') },
  {
    name: 'a method that is none, without a certificate',
    caller: 'nobody',
    question: callPath('/proto.AuthService/Nonsense'),
  },
  { name: 'cluster name', caller: 'bob', question: call(Config, 'getClusterName', {}) },
  { name: 'cluster name, without a certificate', caller: 'nobody', question: call(Config, 'getClusterName', {}) },
  { name: 'authentication', caller: 'bob', question: call(Config, 'getAuthPreference', {}) },
  {
    name: 'networking',
    caller: 'admin',
    question: call(Config, 'getClusterNetworkingConfig', {}),
  },
  {
    name: 'networking, no right',
    caller: 'bob',
    question: call(Config, 'getClusterNetworkingConfig', {}),
  },
  {
    name: 'session recording',
    caller: 'admin',
    question: call(Config, 'getSessionRecordingConfig', {}),
  },
  {
    name: 'session recording, no right',
    caller: 'bob',
    question: call(Config, 'getSessionRecordingConfig', {}),
  },
  { name: 'audit configuration', caller: 'admin', question: call(Config, 'getClusterAuditConfig', {}) },
  { name: 'audit configuration, no right', caller: 'bob', question: call(Config, 'getClusterAuditConfig', {}) },
  {
    name: 'write authentication, no right',
    caller: 'bob',
    question: call(Config, 'upsertAuthPreference', { authPreference: { Spec: { Type: 'local' } } }),
  },
  {
    name: 'write authentication of an unknown type',
    caller: 'admin',
    question: call(Config, 'upsertAuthPreference', {
      authPreference: {
        Kind: 'cluster_auth_preference',
        Version: 'v2',
        Metadata: { Name: 'cluster-auth-preference' },
        Spec: { Type: 'nonsense', SecondFactors: [1] },
      },
    }),
  },
  { name: 'whether MFA is needed', caller: 'bot', question: call(Auth, 'isMFARequired', {}) },
  {
    differs: 'kube and database listeners of the proxy are not modelled',
    at: ['kube.enabled', 'kube.listen_addr', 'postgres_listen_addr', 'mysql_listen_addr'],
    name: 'web: ping',
    caller: 'nobody',
    question: web('GET', '/webapi/ping'),
  },
  {
    differs: 'kube and database listeners of the proxy are not modelled',
    at: ['kube.enabled', 'kube.listen_addr', 'postgres_listen_addr', 'mysql_listen_addr'],
    name: 'web: find',
    caller: 'nobody',
    question: web('GET', '/webapi/find'),
  },
  {
    differs: 'kube and database listeners of the proxy are not modelled',
    at: ['kube.enabled', 'kube.listen_addr', 'postgres_listen_addr', 'mysql_listen_addr'],
    name: 'web: v1 find',
    caller: 'nobody',
    question: web('GET', '/v1/webapi/find'),
  },
  { name: 'web: v2 find', caller: 'nobody', question: web('GET', '/v2/webapi/find') },
  { name: 'web: ping of a connector that is none', caller: 'nobody', question: web('GET', '/webapi/ping/nonsense') },
  { name: 'web: a path that is none', caller: 'nobody', question: web('GET', '/webapi/nonsense') },
  { name: 'web: find by POST', caller: 'nobody', question: web('POST', '/webapi/find', {}) },
];
