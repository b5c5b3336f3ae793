import type { Client } from '@teleport-ts/api-client';
import { toTimestamp } from '@teleport-ts/api-types';
import { AuthServiceDefinition } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import type { Certs } from '@teleport-ts/api-types/proto/teleport/proto/certs';
import type { ApplicationRoute } from '../identity-route.ts';

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
  readonly application?: ApplicationRoute;
}

/** One GenerateUserCerts with role impersonation on the bot's own connection: full certificates in one call. */
export function issueImpersonated(client: Client, request: IssueRequest, signal?: AbortSignal): Promise<Certs> {
  const { application } = request;
  return client.service(AuthServiceDefinition).generateUserCerts(
    {
      Username: request.user,
      Expires: toTimestamp(request.expires),
      RoleRequests: [...request.roles],
      UseRoleRequests: true,
      RouteToCluster: request.cluster,
      ...(request.tlsPublicKey !== undefined && { TLSPublicKey: Buffer.from(request.tlsPublicKey) }),
      ...(request.sshPublicKey !== undefined && { SSHPublicKey: Buffer.from(request.sshPublicKey) }),
      ...(application && {
        RouteToApp: { Name: application.name, PublicAddr: application.publicAddress, ClusterName: request.cluster },
      }),
    },
    signal ? { signal } : {},
  );
}
