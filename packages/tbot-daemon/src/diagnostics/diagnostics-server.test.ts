import { existsSync, lstatSync, mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DiagnosticsServer, type DiagnosticsServerOptions } from './diagnostics-server.ts';

let folder: string;
const ending: (() => unknown)[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'diag-'));
});
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
  rmSync(folder, { recursive: true, force: true });
});

const errors: unknown[] = [];
async function open(more: Partial<DiagnosticsServerOptions> = {}): Promise<DiagnosticsServer> {
  errors.length = 0;
  const server = await DiagnosticsServer.open({
    address: { host: '127.0.0.1', port: 0 },
    answer: async (path) => (path === '/x' ? { status: 200, contentType: 'text/plain', body: 'here' } : undefined),
    onError: (error) => errors.push(error),
    ...more,
  });
  ending.push(() => server.close());
  return server;
}

/** Status and body. */
function get(url: string, options: { method?: string; host?: string; socketPath?: string; body?: string } = {}) {
  const { host, body, ...rest } = options;
  return new Promise<[number | undefined, string]>((resolve, reject) => {
    const call = request(url, { ...rest, agent: false, ...(host && { headers: { host } }) }, (response) => {
      let text = '';
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => resolve([response.statusCode, text]));
    });
    call.on('error', reject);
    call.end(body);
  });
}

test('answers what there is, to GET and HEAD alone', async () => {
  const { url } = await open();
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  expect(await get(`${url}/x`)).toEqual([200, 'here']);
  expect(await get(`${url}/x?y=1`)).toEqual([200, 'here']);
  expect(await get(`${url}/%78`)).toEqual([200, 'here']);
  expect(await get(`${url}/x`, { method: 'HEAD' })).toEqual([200, '']);
  expect(await get(`${url}/y`)).toEqual([404, 'nothing here\n']);
  expect(await get(`${url}/%zz`)).toEqual([400, 'not a path\n']);
  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
    expect(await get(`${url}/x`, { method, body: 'a body' })).toEqual([405, 'only GET and HEAD\n']);
  }
});

test('a page in a browser cannot read it under a name of its own', async () => {
  const { url } = await open();
  for (const host of ['evil.example:1', 'evil.example', 'localhost.evil.example', '127.0.0.1.evil.example:80']) {
    expect(await get(`${url}/x`, { host })).toEqual([421, 'not a name of this address\n']);
  }
  for (const host of ['localhost:1', '127.0.0.1', '[::1]:3001']) expect((await get(`${url}/x`, { host }))[0]).toBe(200);
});

test('on an address for others any name will do', async () => {
  const { url } = await open({ address: { host: '0.0.0.0', port: 0 } });
  expect((await get(`${url.replace('0.0.0.0', '127.0.0.1')}/x`, { host: 'agent.example:3001' }))[0]).toBe(200);
});

test('a unix socket is private, and goes with the server', async () => {
  const path = join(folder, 'diag.sock');
  const server = await open({ address: { path } });
  expect(server.url).toBe(`unix://${path}`);
  expect((lstatSync(path).mode & 0o777).toString(8)).toBe('600');
  expect(await get('http://agent/x', { socketPath: path })).toEqual([200, 'here']);
  await expect(open({ address: { path } })).rejects.toMatchObject({ code: 'already_exists' });
  await server.close();
  await server.close();
  expect(existsSync(path)).toBe(false);
});

test('what fails is told to the operator, not to the caller', async () => {
  const failure = new Error('with a secret');
  const { url } = await open({ answer: () => Promise.reject(failure) });
  expect(await get(`${url}/x`)).toEqual([500, 'the answer failed; the log says why\n']);
  expect(errors).toEqual([failure]);
});

describe('does not start', () => {
  test('where somebody else listens', async () => {
    const { url } = await open();
    const port = Number(new URL(url).port);
    await expect(open({ address: { host: '127.0.0.1', port } })).rejects.toMatchObject({
      code: 'already_exists',
      message: `cannot serve diagnostics on 127.0.0.1:${port}: EADDRINUSE`,
    });
  });

  test('on an address of another machine', async () => {
    await expect(open({ address: { host: '192.0.2.1', port: 0 } })).rejects.toMatchObject({ code: 'bad_parameter' });
  });
});

test('callers that say nothing do not hold up the end', async () => {
  const server = await open();
  const { port } = new URL(server.url);
  const silent = connect({ host: '127.0.0.1', port: Number(port) });
  silent.on('error', () => {});
  await new Promise((resolve) => silent.once('connect', resolve));
  const over = new Promise((resolve) => silent.once('close', resolve));
  await server.close();
  await over;
});
