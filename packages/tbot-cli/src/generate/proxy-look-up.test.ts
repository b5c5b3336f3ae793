import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { WebAuthority } from '@teleport-ts/dev-cluster/testing';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { lookUpProxy } from './proxy-look-up.ts';

// What stands for a proxy: a web server with the answer of one, and TLS as a proxy or as a load balancer speaks it.

const authority = new WebAuthority({ clock: Date });
const webCa = [authority.certificate];
let server: Server | undefined;
let wasSet: string | undefined;

beforeAll(() => {
  wasSet = process.env.TELEPORT_TLS_ROUTING_CONN_UPGRADE;
  delete process.env.TELEPORT_TLS_ROUTING_CONN_UPGRADE;
});
afterAll(() => {
  if (wasSet !== undefined) process.env.TELEPORT_TLS_ROUTING_CONN_UPGRADE = wasSet;
});
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

const KUBE = { enabled: true, listen_addr: '0.0.0.0:3026' };

async function proxy(settings: object, protocols = ['teleport-reversetunnel', 'http/1.1']): Promise<string> {
  const { cert, key } = authority.issue();
  const answer = { server_version: '18.0.0', cluster_name: 'root.example', proxy: settings };
  const listening = createServer({ cert, key, ALPNProtocols: protocols }, (_, response) => {
    response.setHeader('content-type', 'application/json').end(JSON.stringify(answer));
  });
  server = listening;
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  return `localhost:${(listening.address() as AddressInfo).port}`;
}

test('a proxy with TLS routing has everything on its web address', async () => {
  const web = await proxy({ tls_routing_enabled: true, ssh: {}, kube: KUBE });
  expect(await lookUpProxy(web, { timeoutMs: 5000, webCa })).toEqual({
    endpoints: { ssh: web, kubernetes: web, tlsRouting: true, connectionUpgrade: false },
  });
});

test('behind a load balancer that ends TLS connections are upgraded', async () => {
  const web = await proxy({ tls_routing_enabled: true, ssh: {}, kube: { enabled: false } }, ['http/1.1']);
  expect(await lookUpProxy(web, { timeoutMs: 5000, webCa })).toEqual({
    endpoints: { ssh: web, tlsRouting: true, connectionUpgrade: true },
  });
});

test('without TLS routing SSH and Kubernetes have ports of their own, and nothing is upgraded', async () => {
  const ssh = { public_addr: 'p.example:443', ssh_public_addr: 'p.example:3023' };
  const web = await proxy({ tls_routing_enabled: false, ssh, kube: { ...KUBE, public_addr: 'k.example:3026' } }, []);
  expect(await lookUpProxy(web, { timeoutMs: 5000, webCa })).toEqual({
    endpoints: { ssh: 'p.example:3023', kubernetes: 'k.example:3026', tlsRouting: false, connectionUpgrade: false },
  });
});

test('one that is not trusted, or not there, is taken for one with TLS routing, and that is told', async () => {
  const web = await proxy({ tls_routing_enabled: false, ssh: {}, kube: KUBE });
  for (const address of [web, '127.0.0.1:1']) {
    expect(await lookUpProxy(address, { timeoutMs: 5000 })).toEqual({
      endpoints: { ssh: address, kubernetes: address, tlsRouting: true, connectionUpgrade: false },
      note: expect.stringContaining(`everything of the proxy is assumed to be on ${address}, since`),
    });
  }
});
