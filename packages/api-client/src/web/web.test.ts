import { readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import { toTimestamp } from '@teleport-ts/api-types';
import { describe, expect, test, vi } from 'vitest';
import { silentPort } from '../../test-support/silent-port.ts';
import { webServer } from '../../test-support/web-server.ts';
import { find, joinOverWeb, ping } from './index.ts';

const golden = (name: string): Promise<string> =>
  readFile(fileURLToPath(new URL(`../../testdata/teleport-18/${name}`, import.meta.url)), 'utf8');

describe('find and ping', () => {
  test('read what a real proxy answered', async () => {
    const [found, pinged] = await Promise.all([golden('webapi-find.json'), golden('webapi-ping.json')]);
    await using server = await webServer(({ path }, response) =>
      response.end(path === '/webapi/find' ? found : pinged),
    );
    const trust = { webCa: [server.ca] };
    await expect(find(server.address, trust)).resolves.toEqual({
      serverVersion: '18.0.0',
      minClientVersion: '17.0.0-aa',
      clusterName: 'root.example',
      edition: 'oss',
      fips: false,
      automaticUpgrades: false,
      autoUpdate: {
        toolsVersion: '18.0.0',
        toolsAutoUpdate: false,
        agentVersion: '18.0.0',
        agentAutoUpdate: false,
        agentUpdateJitterSeconds: 60,
      },
      signatureAlgorithmSuite: 'balanced-v1',
      proxy: {
        tlsRoutingEnabled: true,
        ssh: {
          listenAddr: '127.0.0.1:15080',
          tunnelListenAddr: '127.0.0.1:15080',
          webListenAddr: '127.0.0.1:15080',
          publicAddr: 'localhost:15080',
          dialTimeoutMs: 30_000,
        },
        kube: { enabled: true, listenAddr: '127.0.0.1:15080' },
        db: { postgresListenAddr: '127.0.0.1:15080', mysqlListenAddr: '127.0.0.1:15080' },
      },
    });
    const { auth, ...rest } = await ping(server.address, trust);
    expect(rest).toMatchObject({ clusterName: 'root.example', proxy: { tlsRoutingEnabled: true } });
    expect(auth).toEqual({
      type: 'local',
      secondFactor: 'otp',
      preferredLocalMfa: 'otp',
      allowPasswordless: false,
      allowHeadless: false,
      local: { name: '' },
      privateKeyPolicy: 'none',
      pivPinCacheTtlMs: 0,
      deviceTrust: { disabled: true, autoEnroll: false },
      hasMessageOfTheDay: false,
      loadAllCas: false,
      defaultSessionTtlMs: 43_200_000,
    });
    await ping(server.address, { ...trust, connector: 'a/b' });
    expect(server.asked.map(({ path }) => path)).toEqual(['/webapi/find', '/webapi/ping', '/webapi/ping/a%2Fb']);
  });

  test('a 404 of something else asks about a reverse proxy; one of Teleport does not', async () => {
    await using nginx = await webServer((_, response) => {
      response.writeHead(404, { 'content-type': 'text/html' }).end('<html>404 Not Found</html>');
    });
    await expect(find(nginx.address, { webCa: [nginx.ca] })).rejects.toMatchObject({
      code: 'not_found',
      message: `GET https://${nginx.address}/webapi/find was answered 404 with text/html`,
      hint: expect.stringContaining('reverse proxy'),
    });
    const body = await golden('webapi-not-found.json');
    await using teleport = await webServer((_, response) => response.writeHead(404).end(body));
    await expect(find(teleport.address, { webCa: [teleport.ca] })).rejects.toMatchObject({
      code: 'not_found',
      message: `GET https://${teleport.address}/webapi/find was answered 404 (path not found)`,
      hint: expect.stringContaining('another Teleport version'),
    });
  });

  test.each([
    ['<html>welcome</html>', 'did not answer with JSON'],
    ['{"status":"ok"}', 'is not a Teleport proxy'],
    ['null', 'is not a Teleport proxy'],
  ])('a web server that is no proxy: %s', async (body, message) => {
    await using server = await webServer((_, response) => response.end(body));
    await expect(find(server.address, { webCa: [server.ca] })).rejects.toMatchObject({
      code: 'connection_problem',
      retryable: false,
      message: expect.stringContaining(message),
    });
  });

  test('an untrusted web certificate is told by its name, and what to do', async () => {
    await using server = await webServer((_, response) => response.end('{}'));
    await expect(find(server.address)).rejects.toMatchObject({
      code: 'connection_problem',
      retryable: false,
      message: `the web certificate of https://${server.address}/webapi/find is not trusted (UNABLE_TO_VERIFY_LEAF_SIGNATURE)`,
      hint: expect.stringContaining('NODE_EXTRA_CA_CERTS'),
    });
    await using other = await webServer((_, response) => response.end('{}'), ['teleport.example.com']);
    await expect(find(other.address, { webCa: [other.ca] })).rejects.toMatchObject({
      message: expect.stringContaining('is for another name'),
    });
  });

  test('CAs of the caller and of NODE_EXTRA_CA_CERTS are trusted together', async () => {
    const found = await golden('webapi-find.json');
    await using one = await webServer((_, response) => response.end(found));
    await using two = await webServer((_, response) => response.end(found));
    const path = join(tmpdir(), `extra-ca-${process.pid}.pem`);
    await writeFile(path, two.ca);
    vi.stubEnv('NODE_EXTRA_CA_CERTS', path);
    try {
      for (const { address } of [one, two]) {
        await expect(find(address, { webCa: [one.ca] })).resolves.toMatchObject({ clusterName: 'root.example' });
      }
    } finally {
      vi.unstubAllEnvs();
      await rm(path);
    }
  });

  test('plain HTTP only on loopback and only when told to', async () => {
    const found = await golden('webapi-find.json');
    const plain = createServer((_, response) => response.end(found));
    await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve));
    const address = `127.0.0.1:${(plain.address() as AddressInfo).port}`;
    try {
      await expect(find(address)).rejects.toMatchObject({ message: expect.stringContaining('does not speak TLS') });
      await expect(find(address, { insecure: true })).resolves.toMatchObject({ clusterName: 'root.example' });
    } finally {
      plain.closeAllConnections();
      await new Promise((resolve) => plain.close(resolve));
    }
  });

  test('an abort gives the signal’s reason, a silent server a timeout', async () => {
    await using port = await silentPort();
    const reason = new Error('enough');
    const controller = new AbortController();
    const asking = find(port.address, { signal: controller.signal });
    await port.connected;
    controller.abort(reason);
    await expect(asking).rejects.toBe(reason);
    await expect(find(port.address, { timeoutMs: 30 })).rejects.toMatchObject({ code: 'timeout', retryable: true });
    await port.drained();
  });
});

describe('joining', () => {
  test('sends what a real proxy took, and reads what it gave', async () => {
    const [asked, given] = await Promise.all([
      golden('webapi-host-credentials.request.json'),
      golden('webapi-host-credentials.json'),
    ]);
    const recorded = JSON.parse(asked) as Record<string, string>;
    await using server = await webServer((_, response) => response.end(given));
    const certs = await joinOverWeb(
      server.address,
      {
        Role: 'Bot',
        Token: recorded.token as string,
        NodeName: 'node-1',
        PublicTLSKey: Buffer.from(recorded.public_tls_key as string, 'base64'),
        PublicSSHKey: Buffer.from(recorded.public_ssh_key as string, 'base64'),
      },
      { webCa: [server.ca] },
    );
    expect(server.asked[0]).toMatchObject({ method: 'POST', path: '/webapi/host/credentials' });
    expect(JSON.parse(server.asked[0]?.body as string)).toEqual(recorded);
    expect(certs.SSH.toString()).toMatch(/^ssh-ed25519-cert-v01@openssh\.com /);
    expect(certs.TLS.toString()).toMatch(/^-----BEGIN CERTIFICATE-----/);
    expect(certs.TLSCACerts.length).toBeGreaterThan(0);
    expect(certs.SSHCACerts.length).toBeGreaterThan(0);
  });

  test('asks for an end in RFC 3339', async () => {
    const given = await golden('webapi-host-credentials.json');
    await using server = await webServer((_, response) => response.end(given));
    const Expires = toTimestamp(new Date('2026-11-22T02:00:00Z'));
    await joinOverWeb(server.address, { Role: 'Bot', Token: 't', Expires }, { webCa: [server.ca] });
    expect(JSON.parse(server.asked[0]?.body as string)).toEqual({
      role: 'Bot',
      token: 't',
      expires: '2026-11-22T02:00:00.000Z',
    });
  });

  test('a refused token keeps the text of the server', async () => {
    const recorded = (await golden('webapi-host-credentials-error.txt')).replace(/\n403\s*$/, '');
    await using server = await webServer((_, response) => response.writeHead(403).end(recorded));
    await expect(
      joinOverWeb(server.address, { Role: 'Bot', Token: 'secret-token' }, { webCa: [server.ca] }),
    ).rejects.toMatchObject({
      code: 'access_denied',
      message: '"n" can not join the cluster with role "Bot", token expired or not found',
    });
  });

  test.each([
    ['an error', 500, (body: string) => JSON.stringify({ error: { message: `cannot handle ${body}` } })],
    ['an answer without certificates', 200, (body: string) => body],
    ['an answer that is not JSON', 200, (body: string) => `echo ${body}`],
  ])('the token is in no error, also when %s sends it back', async (_name, code, echo) => {
    await using server = await webServer(({ body }, response) => response.writeHead(code).end(echo(body)));
    const error = await joinOverWeb(
      server.address,
      { Role: 'Bot', Token: 'secret-token', IDToken: 'secret-id' },
      { webCa: [server.ca] },
    ).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: expect.any(String) });
    expect(inspect(error, { depth: 10 })).not.toMatch(/secret-/);
  });
});
