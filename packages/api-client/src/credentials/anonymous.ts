import { TeleportError } from '@teleport-ts/api-types';
import { authorities, CredentialSet } from './credential-set.ts';
import type { CredentialSource } from './credential-source.ts';

/**
 * No credential at all: for joining. Such a caller may ping, read the host CA and join, nothing else.
 *
 * @param options `ca`: the host CA of the cluster, PEM. `insecure`: trust whatever certificate the server shows, for
 * the one call that fetches the CA which is then compared with a pin. One of the two must be given.
 */
export function anonymous(options: { ca?: string | readonly string[]; insecure?: boolean }): CredentialSource {
  return {
    kind: 'anonymous',
    constant: true,
    async current() {
      const insecure = options.insecure ?? false;
      if (options.ca === undefined && !insecure) {
        throw new TeleportError('bad_parameter', 'a caller without a credential needs the CA of the cluster', {
          hint: 'give ca, or insecure: true to trust any server',
        });
      }
      const ca = options.ca === undefined ? [] : authorities(options.ca, 'the CA');
      return new CredentialSet({ origin: 'no credential', ca, insecure });
    },
  };
}
