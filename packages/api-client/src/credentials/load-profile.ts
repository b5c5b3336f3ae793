import { authorities, type CredentialSet, credentialSet } from './credential-set.ts';
import type { CredentialSource } from './credential-source.ts';
import { readCredentialFile } from './read-credential-file.ts';
import { sameContent } from './same-content.ts';
import {
  authorityFiles,
  currentProfile,
  currentProfilePath,
  keyPaths,
  profileFolder,
  profilePath,
  readProfile,
  type TshProfile,
} from './tsh-profile.ts';

/**
 * The credential of whoever is logged in with `tsh`, and the address of their proxy. Read again for each new connection,
 * and when it changes: after a new `tsh login` a running client goes on with what that wrote.
 *
 * ```ts
 * await using client = await connect({ credentials: loadProfile() });
 * ```
 *
 * @param dir tsh's folder; default the environment variable TELEPORT_HOME, then `~/.tsh`
 * @param name the proxy's host, as `tsh status` shows it; default the current profile
 *
 * `current` throws `not_found` when nobody is logged in, `not_implemented` when the key is on a hardware token.
 */
export function loadProfile(dir?: string, name?: string): CredentialSource {
  const folder = profileFolder(dir);
  const kept = sameContent();
  let paths: readonly string[] = [];
  const profile = async (reads: (path: string) => void, signal?: AbortSignal): Promise<TshProfile> => {
    if (name === undefined) reads(currentProfilePath(folder));
    const path = profilePath(folder, name ?? (await currentProfile(folder, signal)));
    reads(path);
    return readProfile(path, signal);
  };
  return {
    kind: 'profile',
    async current({ signal } = {}): Promise<CredentialSet> {
      const read: string[] = [];
      paths = read;
      const found = await profile((path) => read.push(path), signal);
      const { cert, key, cas } = keyPaths(folder, found);
      read.push(cert, key);
      const files = await authorityFiles(cas);
      read.push(...files);
      const [certPem, keyPem, ...ca] = await Promise.all([
        readCredentialFile(cert, 'certificate of the tsh profile', signal),
        readCredentialFile(key, 'key of the tsh profile', signal),
        ...files.map((path) => readCredentialFile(path, 'CA file of the tsh profile', signal)),
      ]);
      return kept([...read, certPem, keyPem, ...ca], () => {
        const trusted = ca.flatMap((text, index) => authorities(text, files[index] ?? cas));
        return credentialSet({ cert: certPem, key: keyPem, ca: trusted }, { cert, key, ca: cas }, renewal(found));
      });
    },
    addresses: async ({ signal } = {}) => [(await profile(() => {}, signal)).webProxyAddress],
    paths: () => paths,
  };
}

function renewal({ webProxyAddress, user }: TshProfile): string {
  return `log in again: tsh login --proxy=${webProxyAddress} --user=${user}`;
}
