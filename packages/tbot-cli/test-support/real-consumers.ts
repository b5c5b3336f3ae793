import { join } from 'node:path';
import { type Finished, runProgram, teleportBinDir } from '@teleport-ts/dev-cluster/testing';
import type { RealServices } from './real-services.ts';

/** Where a program finds the files that `tbot generate` wrote, and what else it must know. */
export interface Use {
  /** The folder of the set. */
  readonly out: string;
  /** Whose proxy leads to what the set is for. */
  readonly through: RealServices;
}

/** `curl` of an application. */
export function curl({ out, through: { teleport } }: Use): Promise<Finished> {
  return runProgram('curl', [
    ...['-sS', '--fail', '--cacert', teleport.webCaPath, '--cert', join(out, 'tlscert'), '--key', join(out, 'key')],
    `https://${teleport.proxyAddress}/`,
  ]);
}

/** Whom an application was told of, by the headers that `curl` brought back. */
export function claimsOf(headers: string): { readonly iss: string; readonly username: string } {
  const [, claims = ''] = JSON.parse(headers)['teleport-jwt-assertion'].split('.');
  return JSON.parse(Buffer.from(claims, 'base64url').toString());
}

/** What psql asks, and what it prints of the answer. */
export const QUESTION: readonly string[] = ['-X', '-A', '-t', '-c', 'select current_user, current_database()'];
export const ANSWER = 'reader|main\n';

/** How the files of a set are called that psql needs. */
const PLAIN = { cert: 'tlscert', key: 'key', ca: 'teleport-host-ca.crt' };

/** `psql` that asks who it is. */
export function psql({ out, through: { postgresProxyPort } }: Use, names: typeof PLAIN = PLAIN): Promise<Finished> {
  const file = (name: keyof typeof PLAIN): string => join(out, names[name]);
  return runProgram('psql', [
    ...QUESTION,
    `host=localhost port=${postgresProxyPort} user=reader dbname=main sslmode=verify-full ` +
      `sslrootcert=${file('ca')} sslcert=${file('cert')} sslkey=${file('key')}`,
  ]);
}

/** `kubectl`, with the kubeconfig and nothing else. */
export function kubectl({ out }: Use, ...args: string[]): Promise<Finished> {
  return runProgram('kubectl', [
    ...[`--kubeconfig=${join(out, 'kubeconfig.yaml')}`, `--cache-dir=${out}-cache`, ...args],
  ]);
}

/** `ssh` to the node of a cluster, with the `ssh_config` and nothing else. */
export function ssh({ out, through }: Use, node: RealServices, ...command: string[]): Promise<Finished> {
  return runProgram(
    'ssh',
    [
      ...['-F', join(out, 'ssh_config'), '-o', 'BatchMode=yes', '-p', String(node.teleport.ports.node)],
      ...[`${node.login}@real.${node.teleport.name}`, ...command],
    ],
    { env: { NODE_EXTRA_CA_CERTS: through.teleport.webCaPath } },
  );
}

/** `tsh` with the identity file. */
export function tsh({ out, through: { teleport } }: Use, ...args: string[]): Promise<Finished> {
  return runProgram(
    join(teleportBinDir() as string, 'tsh'),
    ['-i', join(out, 'identity'), `--proxy=${teleport.proxyAddress}`, ...args],
    { env: { SSL_CERT_FILE: teleport.webCaPath, TELEPORT_HOME: `${out}-tsh` } },
  );
}
