import type { Client } from '@teleport-ts/api-client';
import { foundByName } from './found-by-name.ts';
import type { RouteKey } from './kept-routes.ts';
import type { Target } from './target.ts';

/**
 * Looks a database up, by its name or the one that it was discovered by.
 *
 * @throws TeleportError `not_found`, `bad_parameter`
 */
export async function findDatabase(client: Client, key: RouteKey): Promise<Target> {
  const databases = await foundByName(client, key, 'db_server', ({ resource }) =>
    resource?.$case === 'DatabaseServer' ? resource.value.Spec?.Database : undefined,
  );
  // While a database is replaced, its agents may name different protocols; the choice should not jump between them.
  const protocol = databases.map(({ Spec }) => Spec?.Protocol ?? '').sort()[0]!;
  return { kind: 'database', name: databases[0]!.Metadata!.Name, protocol };
}
