import type { DevCluster } from '@teleport-ts/dev-cluster';
import { type Client, connect, loadTLS } from '../src/index.ts';

/** A client of a user who has logged in, by the user's own certificate or by one that was issued for it. */
export async function userClient(
  cluster: DevCluster,
  user: string,
  credentials?: { readonly key: string; readonly cert: string },
): Promise<Client> {
  const own = await cluster.issueUserCredentials({ user, login: true });
  const { key, cert } = credentials ?? own;
  const ca = own.cas.join('');
  return await connect({ addresses: [cluster.authAddress], credentials: loadTLS({ cert, key, ca }) });
}
