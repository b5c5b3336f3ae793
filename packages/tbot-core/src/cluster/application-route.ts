import type { Client } from '@teleport-ts/api-client';
import { TeleportError } from '@teleport-ts/api-types';
import { AuthServiceDefinition } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import type { ApplicationRoute } from '../identity-route.ts';
import { namePredicate } from './resource-name.ts';

/** An application may be served by many agents; this many answers tell enough. */
const ANSWERS = 10;

/**
 * Looks an application up on a connection whose roles decide what is visible. Only one that carries exactly the name
 * counts, whatever the cluster answers.
 *
 * @throws TeleportError `not_found` for an application that does not exist or that the roles may not see: the cluster does
 * not tell the two apart
 */
export async function findApplication(
  client: Client,
  name: string,
  options: { cluster: string; roles: readonly string[]; signal?: AbortSignal },
): Promise<ApplicationRoute> {
  const answer = await client.service(AuthServiceDefinition).listResources(
    {
      ResourceType: 'app_server',
      Namespace: 'default',
      Limit: ANSWERS,
      PredicateExpression: namePredicate('application', name),
    },
    options.signal ? { signal: options.signal } : {},
  );
  const addresses: string[] = [];
  for (const { resource } of answer.Resources) {
    const app = resource?.$case === 'AppServer' ? resource.value.Spec?.App : undefined;
    if (app?.Metadata?.Name === name && app.Spec?.PublicAddr) addresses.push(app.Spec.PublicAddr);
  }
  // While an application moves, its agents may name different addresses; the choice should not jump between them.
  const publicAddress = addresses.sort()[0];
  if (publicAddress !== undefined) return { name, publicAddress };
  const roles = options.roles.map((role) => JSON.stringify(role)).join(', ');
  throw new TeleportError(
    'not_found',
    `there is no application ${JSON.stringify(name)} in cluster ${options.cluster} that the roles ${roles} may see`,
    {
      hint: '`tctl get app_servers` lists the applications; a role sees those that its app_labels allow',
    },
  );
}
