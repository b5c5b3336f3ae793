import type { AddressInfo } from 'node:net';
import { createServer } from 'node:tls';
import { expect, test } from 'vitest';
import { hasOpenssl, opensslServer } from '../../test-support/openssl-server.ts';
import { TestPki, webCertificate } from '../../test-support/pki.ts';
import { silentPort } from '../../test-support/silent-port.ts';
import { needsUpgrade, upgradeByEnvironment } from './upgrade-test.ts';

test.each([
  ['', undefined],
  ['true', true],
  ['YES', true],
  ['0', false],
  ['nonsense', false],
  ['a.test:443=yes', false],
  ['a.test:443=yes;b.test:443=no', false],
  ['b.test:443=on', true],
  ['a.test:443=yes,b.test:443=1', true],
  ['yes, b.test:443=no', false],
  ['b.test:443=what', false],
  ['b.test:80=yes,yes', true],
])('TELEPORT_TLS_ROUTING_CONN_UPGRADE=%s', (value, expected) => {
  expect(upgradeByEnvironment('b.test:443', { TELEPORT_TLS_ROUTING_CONN_UPGRADE: value })).toBe(expected);
});

const never = new AbortController().signal;

async function tlsServer(ALPNProtocols: string[] | undefined) {
  const { key, cert } = webCertificate();
  const server = createServer({ key, cert, ...(ALPNProtocols && { ALPNProtocols }) }, (socket) => {
    socket.on('error', () => {}).resume();
  });
  server.on('tlsClientError', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { port, [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())) };
}

test.each([
  ['speaks Teleport’s protocols', ['teleport-reversetunnel', 'h2'], false],
  ['refuses them by an alert', ['h2', 'http/1.1'], true],
  ['chooses none', undefined, true],
])('a server that %s', async (_what, protocols, expected) => {
  await using server = await tlsServer(protocols);
  await expect(needsUpgrade({ host: '127.0.0.1', port: server.port }, never)).resolves.toBe(expected);
});

test.skipIf(!hasOpenssl || process.platform !== 'linux')('OpenSSL’s alert counts like Go’s', async () => {
  const pki = new TestPki();
  await using server = await opensslServer(pki.authService(), pki.userCa, { alpn: 'http/1.1' });
  const port = Number(server.address.split(':')[1]);
  await expect(needsUpgrade({ host: '127.0.0.1', port }, never)).resolves.toBe(true);
});

test('what else fails says nothing about it', async () => {
  await using port = await silentPort((socket) => socket.end('SSH-2.0-x\r\n'));
  const target = { host: '127.0.0.1', port: Number(port.address.split(':')[1]) };
  await expect(needsUpgrade(target, never)).resolves.toBe(false);
  await port[Symbol.asyncDispose]();
  await expect(needsUpgrade(target, never)).resolves.toBe(false);
  await using silent = await silentPort();
  const controller = new AbortController();
  const asking = needsUpgrade({ host: '127.0.0.1', port: Number(silent.address.split(':')[1]) }, controller.signal);
  await silent.connected;
  controller.abort();
  await expect(asking).resolves.toBe(false);
  await silent.drained();
});
