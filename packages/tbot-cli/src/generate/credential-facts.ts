import type { Identity } from '@teleport-ts/tbot-core/client';
import { isoSeconds } from './report.ts';

/** What is not secret about a credential, by names of environment variables; a fact that there is not is left out. */
export function credentialFacts({
  roles,
  expires,
  route,
}: Pick<Identity, 'roles' | 'expires' | 'route'>): readonly [name: string, value: string][] {
  const { application, database, kubernetes } = route ?? {};
  const all: [string, string | undefined][] = [
    ['TBOT_ROLES', roles.join(',')],
    ['TBOT_EXPIRES', isoSeconds(expires)],
    ['TBOT_CLUSTER', route?.cluster],
    ['TBOT_PROXY', route?.proxyAddress],
    ['TBOT_APPLICATION', application?.name],
    ['TBOT_APPLICATION_ADDRESS', application?.publicAddress],
    ['TBOT_DATABASE', database?.name],
    ['TBOT_DATABASE_PROTOCOL', database?.protocol],
    ['TBOT_KUBERNETES_CLUSTER', kubernetes?.name],
  ];
  return all.filter((fact): fact is [string, string] => Boolean(fact[1]));
}
