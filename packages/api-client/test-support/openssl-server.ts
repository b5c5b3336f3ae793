import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '@teleport-ts/dev-cluster/testing';
import type { KeyAndCert } from './pki.ts';

/** Whether openssl is installed. */
export const hasOpenssl: boolean = spawnSync('openssl', ['version']).status === 0;

/** A TLS server that refuses bad client certificates by an alert, as Go's does; Node's only closes the connection. */
export interface OpensslServer extends AsyncDisposable {
  readonly address: string;
}

/** @param clientCa whose client certificates are good, PEM */
export async function opensslServer(
  certificate: KeyAndCert,
  clientCa: string,
  options: { alpn?: string; tls12?: boolean } = {},
): Promise<OpensslServer> {
  const folder = await mkdtemp(join(tmpdir(), 'openssl-server-'));
  const write = async (name: string, text: string): Promise<string> => {
    await writeFile(join(folder, name), text);
    return join(folder, name);
  };
  const port = (await freePorts(1))[0]!;
  const child = spawn(
    'openssl',
    [
      ...['s_server', '-accept', `127.0.0.1:${port}`, '-quiet', '-naccept', '10'],
      ...['-cert', await write('cert.pem', certificate.cert), '-key', await write('key.pem', certificate.key)],
      ...['-CAfile', await write('ca.pem', clientCa), '-verify', '1', '-verify_return_error'],
      ...['-alpn', options.alpn ?? 'h2', ...(options.tls12 ? ['-tls1_2'] : [])],
    ],
    { stdio: 'ignore' },
  );
  await listening(port);
  return {
    address: `127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      const ended = once(child, 'exit');
      child.kill();
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Reads the kernel's table: a connection would be one of those that the server takes. */
async function listening(port: number): Promise<void> {
  const { readFile } = await import('node:fs/promises');
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  const line = new RegExp(`0100007F:${hex} 00000000:0000 0A`);
  for (;;) {
    if (line.test(await readFile('/proc/net/tcp', 'latin1'))) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
