import type { Client } from '@teleport-ts/api-client';
import { toTimestamp } from '@teleport-ts/api-types';
import { AuthServiceDefinition } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import type { Certs } from '@teleport-ts/api-types/proto/teleport/proto/certs';
import { UserCertsRequest_CertUsage as Usage } from '@teleport-ts/api-types/proto/teleport/proto/user_certs';
import type { ClusterFacts } from './cluster-facts.ts';
import { explainRefusal } from './sign-refusal.ts';
import type { Target } from './target.ts';

/** Where a certificate leads. */
export interface CertificateRoute {
  readonly target: Target;
  /** Account and database within a database server; empty: whichever the client names. */
  readonly username?: string | undefined;
  readonly database?: string | undefined;
}

/** A certificate in the name of roles that the bot impersonates. */
export interface IssueRequest {
  /** The bot's user. */
  readonly user: string;
  readonly roles: readonly string[];
  readonly expires: Date;
  /** Cluster that requests with the certificate are routed to. */
  readonly cluster: string;
  /** PEM, see `tlsPublicKeyPem`. */
  readonly tlsPublicKey?: string | undefined;
  /** Line of authorized_keys. */
  readonly sshPublicKey?: string | undefined;
  readonly route?: CertificateRoute | undefined;
  /** The certificate is good for the route's kind and nothing else. */
  readonly confined?: boolean | undefined;
}

/**
 * One GenerateUserCerts with role impersonation on the bot's own connection: full certificates in one call.
 *
 * @throws TeleportError, see `explainRefusal`
 */
export async function issueImpersonated(
  client: Client,
  facts: Pick<ClusterFacts, 'checkRoles'>,
  request: IssueRequest,
  signal?: AbortSignal,
): Promise<Certs> {
  try {
    return await client
      .service(AuthServiceDefinition)
      .generateUserCerts(certsRequest(request), signal ? { signal } : {});
  } catch (error) {
    throw await explainRefusal(error, facts, request);
  }
}

function certsRequest(request: IssueRequest) {
  const { route, confined, tlsPublicKey, sshPublicKey } = request;
  return {
    Username: request.user,
    Expires: toTimestamp(request.expires),
    RoleRequests: [...request.roles],
    UseRoleRequests: true,
    RouteToCluster: request.cluster,
    ...(tlsPublicKey !== undefined && { TLSPublicKey: Buffer.from(tlsPublicKey) }),
    ...(sshPublicKey !== undefined && { SSHPublicKey: Buffer.from(sshPublicKey) }),
    ...(route && routeFields(route, request.cluster)),
    ...(route && confined && { Usage: USAGES[route.target.kind] }),
  };
}

const USAGES: Readonly<Record<Target['kind'], Usage>> = {
  application: Usage.App,
  database: Usage.Database,
  kubernetes: Usage.Kubernetes,
};

function routeFields({ target, username = '', database = '' }: CertificateRoute, cluster: string) {
  const { name } = target;
  switch (target.kind) {
    case 'application':
      return { RouteToApp: { Name: name, PublicAddr: target.publicAddress, ClusterName: cluster } };
    case 'database':
      return {
        RouteToDatabase: { ServiceName: name, Protocol: target.protocol, Username: username, Database: database },
      };
    case 'kubernetes':
      return { KubernetesCluster: name };
  }
}
