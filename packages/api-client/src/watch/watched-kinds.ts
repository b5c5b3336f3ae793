import { type AccessRequest, accessRequestView } from '@teleport-ts/api-types/resources/access-request';
import { type ApplicationServer, applicationServerView } from '@teleport-ts/api-types/resources/application';
import {
  type CertAuthority,
  type CertAuthorityType,
  certAuthorityView,
} from '@teleport-ts/api-types/resources/cert-authority';
import { type DatabaseServer, databaseServerView } from '@teleport-ts/api-types/resources/database';
import { type KubernetesServer, kubernetesServerView } from '@teleport-ts/api-types/resources/kubernetes-cluster';
import { type Lock, lockView } from '@teleport-ts/api-types/resources/lock';
import { type Node, nodeView } from '@teleport-ts/api-types/resources/node';
import { type Role, roleView } from '@teleport-ts/api-types/resources/role';
import { type Token, tokenView } from '@teleport-ts/api-types/resources/token';
import { type User, userView } from '@teleport-ts/api-types/resources/user';
import { type AccessRequestQuery, listAccessRequests } from '../areas/access-requests.ts';
import { listApplicationServers } from '../areas/applications.ts';
import { getCertAuthorities } from '../areas/authorities.ts';
import { listDatabaseServers } from '../areas/databases.ts';
import { listKubernetesServers } from '../areas/kubernetes-clusters.ts';
import { getLocks } from '../areas/locks.ts';
import { listNodes } from '../areas/nodes.ts';
import { listRoles } from '../areas/roles.ts';
import { getTokens } from '../areas/tokens.ts';
import { listUsers } from '../areas/users.ts';
import type { DeletedResource } from './watch-event.ts';
import { sameRevision, type WatchedKind } from './watched-kind.ts';

const byName = {
  key: ({ name }: { readonly name: string }): string => name,
  deletedKey: ({ name }: DeletedResource): string => name,
  same: sameRevision,
};

/** Of a thing there may be many services; a deletion names the service in its description. */
const byService = {
  key: ({ hostId, name }: { readonly hostId: string; readonly name: string }): string => `${hostId}/${name}`,
  deletedKey: ({ description, name }: DeletedResource): string => `${description}/${name}`,
  same: sameRevision,
};

/** Roles, by name. */
export function watchedRoles(): WatchedKind<Role> {
  return {
    ...byName,
    watched: { kind: 'role' },
    list: (client, options) => listRoles(client, {}, options),
    from: (resource) => (resource.$case === 'Role' ? roleView(resource.value) : undefined),
  };
}

/** Users, by name; without their secrets. */
export function watchedUsers(): WatchedKind<User> {
  return {
    ...byName,
    watched: { kind: 'user' },
    list: (client, options) => listUsers(client, {}, options),
    from: (resource) => (resource.$case === 'User' ? userView(resource.value) : undefined),
  };
}

/** Join tokens, by name. */
export function watchedTokens(): WatchedKind<Token> {
  return {
    ...byName,
    watched: { kind: 'token' },
    list: (client, options) => getTokens(client, options),
    from: (resource) => (resource.$case === 'ProvisionToken' ? tokenView(resource.value) : undefined),
  };
}

/** Locks, by name. */
export function watchedLocks(): WatchedKind<Lock> {
  return {
    ...byName,
    watched: { kind: 'lock' },
    list: (client, options) => getLocks(client, {}, options),
    from: (resource) => (resource.$case === 'Lock' ? lockView(resource.value) : undefined),
  };
}

/** Nodes, by the name of their resource. */
export function watchedNodes(): WatchedKind<Node> {
  return {
    ...byName,
    watched: { kind: 'node' },
    list: (client, options) => listNodes(client, {}, options),
    from: (resource) => (resource.$case === 'Server' ? nodeView(resource.value) : undefined),
  };
}

/** The services that serve applications, by `<host id>/<name>`. */
export function watchedApplicationServers(): WatchedKind<ApplicationServer> {
  return {
    ...byService,
    watched: { kind: 'app_server' },
    list: (client, options) => listApplicationServers(client, {}, options),
    from: (resource) => (resource.$case === 'AppServer' ? applicationServerView(resource.value) : undefined),
  };
}

/** The services that serve databases, by `<host id>/<name>`. */
export function watchedDatabaseServers(): WatchedKind<DatabaseServer> {
  return {
    ...byService,
    watched: { kind: 'db_server' },
    list: (client, options) => listDatabaseServers(client, {}, options),
    from: (resource) => (resource.$case === 'DatabaseServer' ? databaseServerView(resource.value) : undefined),
  };
}

/** The services that serve Kubernetes clusters, by `<host id>/<name>`. */
export function watchedKubernetesServers(): WatchedKind<KubernetesServer> {
  return {
    ...byService,
    watched: { kind: 'kube_server' },
    list: (client, options) => listKubernetesServers(client, {}, options),
    from: (resource) => (resource.$case === 'KubernetesServer' ? kubernetesServerView(resource.value) : undefined),
  };
}

/**
 * Certificate authorities of these types, of all clusters, without private keys, by `<type>/<cluster>`.
 *
 * @param types default `host` and `user`
 */
export function watchedCertAuthorities(
  types: readonly CertAuthorityType[] = ['host', 'user'],
): WatchedKind<CertAuthority> {
  const isWanted = (type: string): boolean => (types as readonly string[]).includes(type);
  return {
    watched: { kind: 'cert_authority', filter: Object.fromEntries(types.map((type) => [type, '*'])) },
    list: async (client, options) =>
      (await Promise.all(types.map((type) => getCertAuthorities(client, type, options))))
        .flat()
        .filter(({ type }) => isWanted(type)),
    from: (resource) => {
      if (resource.$case !== 'CertAuthority') return undefined;
      const authority = certAuthorityView(resource.value);
      return isWanted(authority.type) ? authority : undefined;
    },
    key: ({ type, clusterName }) => `${type}/${clusterName}`,
    deletedKey: ({ subKind, name }) => `${subKind}/${name}`,
    same: sameRevision,
  };
}

/**
 * Access requests, by name (their id).
 *
 * @param query narrows them. A request that leaves `state` does so unseen until everything is listed again: who decides
 *   about requests watches all of them
 */
export function watchedAccessRequests(
  query: Pick<AccessRequestQuery, 'user' | 'state'> = {},
): WatchedKind<AccessRequest> {
  const { user, state } = query;
  const filter = { ...(user !== undefined && { user }), ...(state !== undefined && { state: state.toUpperCase() }) };
  return {
    ...byName,
    watched: { kind: 'access_request', filter },
    list: (client, options) => listAccessRequests(client, query, options),
    from: (resource) => (resource.$case === 'AccessRequest' ? accessRequestView(resource.value) : undefined),
  };
}
