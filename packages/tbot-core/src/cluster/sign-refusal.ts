import { isTeleportError, TeleportError } from '@teleport-ts/api-types';
import type { ClusterFacts } from './cluster-facts.ts';
import type { IssueRequest } from './issue.ts';

/**
 * What a refused certificate comes down to, in words for whoever asked for it: the cluster names all asked roles when one
 * of them offends, and what it does not find as a bad parameter.
 *
 * @returns the error as it was when it says enough
 */
export async function explainRefusal(
  error: unknown,
  facts: Pick<ClusterFacts, 'checkRoles'>,
  { roles, route, cluster }: Pick<IssueRequest, 'roles' | 'route' | 'cluster'>,
): Promise<unknown> {
  if (!isTeleportError(error)) return error;
  const { code, message } = error;
  if (code === 'access_denied' && /role impersonation/.test(message)) {
    // The bot's own role tells which.
    return await facts.checkRoles(roles, error).then(
      () => error,
      (named: unknown) => named,
    );
  }
  if (code === 'not_found') {
    const role = /^role (.*) is not found$/s.exec(message)?.[1];
    if (role !== undefined) return missingRole(role, error);
    if (/^remote cluster .* not found$/s.test(message)) return missingCluster(cluster, roles, error);
  }
  if (code === 'bad_parameter' && /^Kubernetes cluster .* is not registered/s.test(message)) {
    const name = JSON.stringify(route?.target.name ?? '');
    return new TeleportError('not_found', `the Kubernetes cluster ${name} has just left the cluster ${cluster}`, {
      cause: error,
    });
  }
  return error;
}

function missingRole(role: string, cause: TeleportError): TeleportError {
  return new TeleportError(
    'not_found',
    `the role ${JSON.stringify(role)}, which the bot may impersonate, does not exist`,
    {
      hint: 'make it, or take it from the bot: `tctl bots update <name> --set-roles …`',
      cause,
    },
  );
}

function missingCluster(cluster: string, roles: readonly string[], cause: TeleportError): TeleportError {
  const who = roles.map((role) => JSON.stringify(role)).join(', ');
  return new TeleportError(
    'not_found',
    `there is no cluster ${JSON.stringify(cluster)} that the roles ${who} may reach`,
    {
      hint: '`tctl get remote_clusters` lists the leaves; a role reaches those that its cluster_labels allow',
      cause,
    },
  );
}
