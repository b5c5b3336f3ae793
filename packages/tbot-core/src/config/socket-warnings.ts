import { CREDENTIAL_KINDS, type CredentialKind } from '../destination-host.ts';
import type { SocketConfig } from './config.ts';

/** The key that limits the names of a kind. */
const NAME_KEYS: readonly { kind: CredentialKind; key: string; names: (socket: SocketConfig) => unknown }[] = [
  { kind: 'application', key: 'applications', names: ({ applications }) => applications },
  { kind: 'database', key: 'databases', names: ({ databases }) => databases },
  { kind: 'kubernetes', key: 'kubernetes_clusters', names: ({ kubernetesClusters }) => kubernetesClusters },
];

/**
 * What a socket's limits do not do, although somebody who wrote them may think so.
 *
 * @param where the socket's place in the file, `sockets[0]`
 */
export function socketWarnings(socket: SocketConfig, where: string): string[] {
  const warnings: string[] = [];
  const limited = NAME_KEYS.filter(({ names }) => names(socket) !== undefined);
  for (const { kind, key } of limited) {
    if (!socket.kinds.includes(kind)) warnings.push(`${where}: ${key} has no effect, since kinds leaves out ${kind}`);
  }
  const narrowed = limited.filter(({ kind }) => socket.kinds.includes(kind)).map(({ key }) => key);
  if (socket.clusters) narrowed.push('clusters');
  if (narrowed.length > 0 && socket.kinds.includes('identity')) {
    const others = CREDENTIAL_KINDS.filter((kind) => kind !== 'identity').join(', ');
    warnings.push(
      `${where}: ${narrowed.join(' and ')} ${narrowed.length > 1 ? 'limit' : 'limits'} what is asked for, not what a certificate opens, since the kind identity is served too: ` +
        `its certificates are good for whatever their roles may do; write kinds without it (of ${others}), or limit the roles`,
    );
  }
  return warnings;
}
