import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** The parts of a credential, PEM. */
export interface Parts {
  readonly key: string;
  readonly cert: string;
  readonly ca: string;
}

/** The files of a tsh profile, by their paths in its folder, as tsh 18 names them. */
export function tshFiles(
  { key, cert, ca }: Parts,
  { proxy = 'proxy.test:443', user = 'alice', cluster = 'root.test' } = {},
): Record<string, string> {
  const host = proxy.replace(/:\d+$/, '');
  return {
    'current-profile': `${host}\n`,
    [`${host}.yaml`]: `web_proxy_addr: ${proxy}\nssh_proxy_addr: ${proxy}\nuser: ${user}\ncluster: ${cluster}\ndir: ""\n`,
    [`keys/${host}/${user}.crt`]: cert,
    [`keys/${host}/${user}.key`]: key,
    [`keys/${host}/cas/${cluster}.pem`]: ca,
  };
}

/** Writes files below a folder. */
export async function writeTree(folder: string, files: Readonly<Record<string, string | Uint8Array>>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }
}
