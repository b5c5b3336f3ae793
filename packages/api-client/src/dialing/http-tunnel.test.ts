import type { Duplex } from 'node:stream';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { AuthServer } from '../../test-support/auth-server.ts';
import { connectProxy } from '../../test-support/connect-proxy.ts';
import { TestPki, webCertificate } from '../../test-support/pki.ts';
import { webServer } from '../../test-support/web-server.ts';
import { find } from '../web/index.ts';
import { DialError } from './dial-failure.ts';
import { httpProxyFor } from './http-proxy.ts';
import { openStream } from './http-tunnel.ts';

const pki = new TestPki('root.test');
const certificate = pki.authService();
const never = new AbortController().signal;

afterEach(() => {
  vi.unstubAllEnvs();
});

function open(proxyAddress: string, options: { port?: number; signal?: AbortSignal; scheme?: string } = {}) {
  const { port = 443, signal = never, scheme = 'http' } = options;
  const proxy = httpProxyFor('auth.test', port, { HTTPS_PROXY: `${scheme}://${proxyAddress}` });
  const stages: string[] = [];
  const stream = openStream({ host: 'auth.test', port, proxy }, signal, (stage) => stages.push(stage));
  return { stream, stages };
}

async function failure(opened: Promise<Duplex>) {
  const error = await opened.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof DialError)) throw new Error('it did not end as expected', { cause: error });
  return error.failure;
}

test('the proxy is asked for the name, and then carries bytes', async () => {
  await using server = await AuthServer.start({ certificate });
  await using proxy = await connectProxy({ login: 'me:s:cret' });
  const { stream, stages } = open(`me:s%3Acret@${proxy.address}`, { port: server.port });
  const socket = await stream;
  expect(proxy.targets).toEqual([`auth.test:${server.port}`]);
  expect(stages).toEqual(['tcp', 'proxy']);
  socket.destroy();
  await expect.poll(() => proxy.open.size).toBe(0);
});

describe('a proxy that', () => {
  test('wants another login', async () => {
    await using proxy = await connectProxy({ login: 'me:secret' });
    const { stage, error } = await failure(open(`me:wrong@${proxy.address}`).stream);
    expect([stage, error.code, error.retryable]).toEqual(['proxy', 'access_denied', false]);
    expect(error.message).toBe(`the HTTP proxy http://${proxy.address} demands a login (407)`);
  });

  test.each([
    ['403 Forbidden', 'access_denied', false],
    ['503 Later', 'connection_problem', true],
    ['400 What', 'connection_problem', false],
  ])('answers %s', async (answer, code, retryable) => {
    await using proxy = await connectProxy({ answer: (client) => client.end(`HTTP/1.1 ${answer}\r\n\r\n`) });
    const { stage, error } = await failure(open(proxy.address).stream);
    expect([stage, error.code, error.retryable]).toEqual(['proxy', code, retryable]);
    expect(error.message).toContain(`does not connect to auth.test:443 (${answer})`);
  });

  test('answers no HTTP', async () => {
    await using proxy = await connectProxy({ answer: (client) => client.end('SSH-2.0-x\r\n\r\n') });
    const { stage, error } = await failure(open(proxy.address).stream);
    expect([stage, error.code, error.retryable]).toEqual(['proxy', 'connection_problem', false]);
    expect(error.message).toContain('does not answer with HTTP');
  });

  test('goes away', async () => {
    await using proxy = await connectProxy({ answer: (client) => client.destroy() });
    const { stage, error } = await failure(open(proxy.address).stream);
    expect([stage, error.code, error.retryable]).toEqual(['proxy', 'connection_problem', true]);
    expect(error.message).toContain(`the HTTP proxy http://${proxy.address} cut the connection`);
  });

  test('is not there', async () => {
    const proxy = await connectProxy();
    await proxy[Symbol.asyncDispose]();
    const { stage, error } = await failure(open(proxy.address).stream);
    expect([stage, error.code, error.retryable]).toEqual(['tcp', 'connection_problem', true]);
    expect(error.message).toContain(`nobody listens at the HTTP proxy http://${proxy.address}`);
  });

  test('never answers is let go with the signal', async () => {
    let onAsked = (): void => {};
    const asked = new Promise<void>((resolve) => {
      onAsked = resolve;
    });
    await using proxy = await connectProxy({ answer: () => onAsked() });
    const controller = new AbortController();
    const { stream } = open(proxy.address, { signal: controller.signal });
    await asked;
    const reason = new Error('enough');
    controller.abort(reason);
    await expect(stream).rejects.toBe(reason);
    await expect.poll(() => proxy.open.size).toBe(0);
  });
});

describe('a proxy’s web address behind an HTTP proxy', () => {
  const answer = JSON.stringify({ server_version: '18.0.0', cluster_name: 'root.test' });

  test('is asked through it, by its own certificate', async () => {
    await using web = await webServer((_asked, response) => response.end(answer), ['teleport.test']);
    await using proxy = await connectProxy();
    vi.stubEnv('HTTPS_PROXY', `http://${proxy.address}`);
    const address = `teleport.test:${web.address.split(':')[1]}`;
    await expect(find(address, { webCa: [web.ca] })).resolves.toMatchObject({ clusterName: 'root.test' });
    expect(proxy.targets).toEqual([address]);
    expect(proxy.others).toEqual([]);
    await expect(find(address)).rejects.toMatchObject({ untrusted: true });
    vi.stubEnv('NO_PROXY', 'teleport.test');
    await expect(find(address, { webCa: [web.ca] })).rejects.toMatchObject({ stage: 'dns' });
    await expect.poll(() => proxy.open.size).toBe(0);
  });

  test('tells of the proxy that refuses', async () => {
    await using proxy = await connectProxy({ login: 'me:secret' });
    vi.stubEnv('HTTPS_PROXY', `http://${proxy.address}`);
    await expect(find('teleport.test')).rejects.toMatchObject({
      code: 'access_denied',
      stage: 'proxy',
      message: `the HTTP proxy http://${proxy.address} demands a login (407)`,
    });
    vi.stubEnv('HTTPS_PROXY', 'socks5://x');
    await expect(find('teleport.test')).rejects.toMatchObject({ code: 'bad_parameter' });
  });

  test('an HTTP proxy that speaks TLS is checked by Node’s own list', async () => {
    const { key, cert } = webCertificate(['127.0.0.1']);
    await using proxy = await connectProxy({ certificate: { key, cert } });
    const { stage, error } = await failure(open(proxy.address, { scheme: 'https' }).stream);
    expect([stage, error.code]).toEqual(['proxy', 'connection_problem']);
    expect(error.message).toContain('https://127.0.0.1');
  });
});
