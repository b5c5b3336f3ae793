import { TeleportError } from '@teleport-ts/api-types';
import type { DevCluster } from '../dev-cluster.ts';
import type { ApplicationFields } from '../state/applications.ts';
import type { BotFields } from '../state/bots.ts';
import type { DatabaseFields } from '../state/databases.ts';
import type { KubernetesClusterFields } from '../state/kubernetes-clusters.ts';
import type { LockFields } from '../state/locks.ts';
import type { NodeFields } from '../state/nodes.ts';
import type { RoleFields } from '../state/role-fields.ts';
import type { BotTokenFields } from '../state/tokens.ts';
import type { UserFields } from '../state/users.ts';
import type { KindName } from './kind-names.ts';
import { allOf, oneOf, type Shown } from './kinds.ts';

/** Whether a resource of that name may be there already. */
export interface Replacing {
  readonly replace?: boolean;
}

/** A resource, and the token by which it joins. */
export interface WithToken extends Shown {
  readonly token: string;
  readonly caPins: readonly string[];
  readonly authAddress: string;
}

/** The operations that make something; each gives what it made. */
export interface AddingOperations {
  addApp(cluster: DevCluster, fields: ApplicationFields & Replacing): Promise<Shown>;
  addDatabase(cluster: DevCluster, fields: DatabaseFields & Replacing): Shown;
  addKubernetesCluster(cluster: DevCluster, fields: KubernetesClusterFields & Replacing): Shown;
  addNode(cluster: DevCluster, fields: NodeFields & Replacing): Shown;
  addRole(cluster: DevCluster, fields: RoleFields & Replacing): Shown;
  addUser(cluster: DevCluster, fields: UserFields & Replacing): Shown;
  addBot(cluster: DevCluster, fields: BotFields & Replacing): Promise<WithToken>;
  addToken(cluster: DevCluster, fields: BotTokenFields & Replacing): Promise<WithToken>;
  addLock(cluster: DevCluster, fields: LockFields): Shown;
}

export const adding: AddingOperations = {
  async addApp(cluster, { replace, ...fields }) {
    refuseExisting(cluster, 'app', fields.name, replace);
    await cluster.addApplication(fields);
    return oneOf(cluster.context, 'app', fields.name);
  },
  addDatabase(cluster, { replace, ...fields }) {
    refuseExisting(cluster, 'database', fields.name, replace);
    cluster.addDatabase(fields);
    return oneOf(cluster.context, 'database', fields.name);
  },
  addKubernetesCluster(cluster, { replace, ...fields }) {
    refuseExisting(cluster, 'kube-cluster', fields.name, replace);
    cluster.addKubernetesCluster(fields);
    return oneOf(cluster.context, 'kube-cluster', fields.name);
  },
  addNode(cluster, { replace, ...fields }) {
    if (fields.id !== undefined) refuseExisting(cluster, 'node', fields.id, replace);
    return oneOf(cluster.context, 'node', cluster.addNode(fields));
  },
  addRole(cluster, { replace, ...fields }) {
    refuseExisting(cluster, 'role', fields.name, replace);
    cluster.upsertRole(fields);
    return oneOf(cluster.context, 'role', fields.name);
  },
  addUser(cluster, { replace, ...fields }) {
    refuseExisting(cluster, 'user', fields.name, replace);
    requireRoles(cluster, fields.roles);
    cluster.upsertUser(fields);
    return oneOf(cluster.context, 'user', fields.name);
  },
  async addBot(cluster, { replace, ...fields }) {
    refuseExisting(cluster, 'bot', fields.name, replace);
    requireRoles(cluster, fields.roles);
    await cluster.upsertBot(fields);
    const token = await cluster.createToken({ botName: fields.name });
    return withToken(cluster, oneOf(cluster.context, 'bot', fields.name), token);
  },
  async addToken(cluster, { replace, ...fields }) {
    if (fields.name !== undefined) refuseExisting(cluster, 'token', fields.name, replace);
    oneOf(cluster.context, 'bot', fields.botName);
    const token = await cluster.createToken(fields);
    return withToken(cluster, oneOf(cluster.context, 'token', token), token);
  },
  addLock: (cluster, fields) => oneOf(cluster.context, 'lock', cluster.lock(fields)),
};

const withToken = ({ caPins, authAddress }: DevCluster, resource: Shown, token: string): WithToken => ({
  ...resource,
  ...{ token, caPins, authAddress },
});

function refuseExisting({ context }: DevCluster, kind: KindName, name: string, replace = false): void {
  if (replace || !allOf(context, kind).some((resource) => resource.name === name)) return;
  throw new TeleportError('already_exists', `${kind} ${JSON.stringify(name)} is there already`, {
    hint: '--replace replaces it',
  });
}

function requireRoles(cluster: DevCluster, roles: readonly string[]): void {
  const missing = roles.find((role) => !cluster.hasRole(role));
  if (missing === undefined) return;
  throw new TeleportError('not_found', `there is no role ${JSON.stringify(missing)}`, {
    hint: `make it: dev-cluster add role ${missing}`,
  });
}
