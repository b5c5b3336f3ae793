import { randomUUID } from 'node:crypto';
import { publicKeyDer, TELEPORT_OID } from '@teleport-ts/api-types';
import type { IdentityRequest, PublicKeys } from '../destination-host.ts';
import type { IdentityRoute } from '../identity-route.ts';
import type { MemoryAuthority } from './memory-authority.ts';
import type { NameAttributes } from './x509.ts';

/** Whom a certificate speaks for, and what for. */
export interface MemorySubject {
  readonly user: string;
  readonly botName: string;
  readonly roles: readonly string[];
  /** The cluster that issues. */
  readonly cluster: string;
  readonly route: IdentityRoute;
  readonly validAfter: Date;
  readonly validBefore: Date;
}

/** Certificates as a cluster would issue them for the keys that are there. */
export function memoryCertificates(
  authority: MemoryAuthority,
  subject: MemorySubject,
  keys: PublicKeys,
): { readonly tlsCertificate?: string; readonly sshCertificate?: string } {
  const { user, botName, roles, route, validAfter, validBefore } = subject;
  const principals = ['-teleport-internal-join'];
  return {
    ...(keys.tls && {
      tlsCertificate: authority.signTls({
        subject: subjectName(subject),
        notBefore: validAfter,
        notAfter: validBefore,
        publicKeyDer: publicKeyDer(keys.tls),
      }),
    }),
    ...(keys.ssh && {
      sshCertificate: authority.signSsh({
        publicKey: keys.ssh,
        keyId: user,
        principals,
        validAfter,
        validBefore,
        extensions: {
          'permit-pty': '',
          'bot-name@goteleport.com': botName,
          'teleport-roles': JSON.stringify({ roles }),
          'teleport-route-to-cluster': route.cluster,
        },
      }),
    }),
  };
}

function subjectName({ user, botName, roles, cluster, route }: MemorySubject): NameAttributes {
  const { application, database, kubernetes } = route;
  const fields: readonly (readonly [string, string | undefined])[] = [
    [TELEPORT_OID.user, user],
    ...roles.map((role) => [TELEPORT_OID.roles, role] as const),
    [TELEPORT_OID.logins, '-teleport-internal-join'],
    [TELEPORT_OID.routeToCluster, route.cluster],
    [TELEPORT_OID.teleportCluster, cluster],
    [TELEPORT_OID.botName, botName],
    [TELEPORT_OID.disallowReissue, 'true'],
    [TELEPORT_OID.appSessionId, application && randomUUID()],
    [TELEPORT_OID.appName, application?.name],
    [TELEPORT_OID.appPublicAddr, application?.publicAddress],
    [TELEPORT_OID.appClusterName, application && route.cluster],
    [TELEPORT_OID.databaseService, database?.name],
    [TELEPORT_OID.databaseProtocol, database?.protocol],
    [TELEPORT_OID.databaseUser, database?.username],
    [TELEPORT_OID.databaseName, database?.database],
    [TELEPORT_OID.kubernetesCluster, kubernetes?.name],
  ];
  return fields.flatMap(([oid, value]) => (value ? [[oid, value] as const] : []));
}

/** Where a request leads, in a cluster that has whatever is asked for. */
export function memoryRoute(request: IdentityRequest, cluster: string, proxyAddress: string): IdentityRoute {
  const route = { cluster, proxyAddress };
  switch (request.kind) {
    case 'identity':
      return route;
    case 'application':
      return { ...route, application: { name: request.name, publicAddress: `${request.name}.${cluster}` } };
    case 'database': {
      const { name, username, database } = request;
      const account = { ...(username && { username }), ...(database && { database }) };
      return { ...route, database: { name, protocol: 'postgres', ...account } };
    }
    case 'kubernetes':
      return { ...route, kubernetes: { name: request.name } };
  }
}
