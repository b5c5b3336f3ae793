import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { isTeleportError } from '@teleport-ts/api-types';
import { AuthServiceDefinition } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import { FakeClock } from '@teleport-ts/api-types/testing';
import { TemporaryDirectory } from '@teleport-ts/dev-cluster/testing';
import { expect, test } from 'vitest';
import { destinationHostContract } from '../../test-support/destination-host-contract.ts';
import { withPassingTime } from '../../test-support/passing-time.ts';
import { tlsCertificatesOf } from '../trusted-authority.ts';
import { MemoryHost, type MemoryHostOptions } from './memory-host.ts';

const grafana = { kind: 'application', name: 'grafana' } as const;

destinationHostContract('MemoryHost', async () => {
  const clock = new FakeClock();
  const make = (): MemoryHost => new MemoryHost({ roles: ['tester'], names: ['grafana', 'orders', 'prod'], clock });
  const host = make();
  return {
    host,
    another: async () => make(),
    cluster: 'example.com',
    role: 'tester',
    names: { application: 'grafana', database: 'orders', kubernetes: 'prod' },
    rotate: async (phase) => host.rotate('user', phase),
    withTime: (work) => withPassingTime(clock, work),
    [Symbol.asyncDispose]: () => host[Symbol.asyncDispose](),
  };
});

/** A TLS server of the host, asked with a credential of it; what it saw of the caller. */
async function visit(host: MemoryHost, server = createServer(host.serverOptions('localhost'))): Promise<string> {
  server.on('request', (call, answer) => answer.end((call.socket as TLSSocket).getPeerCertificate().subject.CN));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { tlsCertificate: cert, privateKeyPem: key, authorities } = await host.generateIdentity(grafana);
  const ca = tlsCertificatesOf(authorities, 'host');
  try {
    const call = request({ port: (server.address() as AddressInfo).port, servername: 'localhost', cert, key, ca });
    const [answer] = await once(call.end(), 'response');
    return Buffer.concat(await answer.toArray()).toString();
  } finally {
    server.close();
  }
}

test('its servers and its credentials trust each other, also after a rotation of both authorities', async () => {
  await using host = new MemoryHost();
  expect(await visit(host)).toBe('bot-test');
  const old = createServer(host.serverOptions('localhost'));
  host.rotate('user');
  host.rotate('host');
  expect(await visit(host)).toBe('bot-test');
  await expect(visit(host, old)).rejects.toThrow();
});

test('OpenSSL and OpenSSH read what it issues', async () => {
  await using host = new MemoryHost({ roles: ['tester', 'deployer'] });
  await using folder = await TemporaryDirectory.create();
  const file = async (name: string, text: string): Promise<string> => {
    await writeFile(folder.join(name), text);
    return folder.join(name);
  };
  const { tlsCertificate, sshCertificate, authorities } = await host.generateIdentity({ kind: 'identity' });
  const ca = await file('ca.pem', tlsCertificatesOf(authorities, 'user').join(''));
  const cert = await file('cert.pem', tlsCertificate!);
  const verified = execFileSync('openssl', ['verify', '-x509_strict', '-CAfile', ca, cert]);
  expect(String(verified)).toContain('OK');
  const line = await file('cert.pub', `${sshCertificate}\n`);
  const shown = String(execFileSync('ssh-keygen', ['-L', '-f', line]));
  expect(shown).toMatch(/Type: ecdsa-sha2-nistp256-cert-v01@openssh.com user certificate/);
  expect(shown).toMatch(/permit-pty\s+teleport-roles /);
});

test('faults: the next ones, all, delays by the clock', async () => {
  const clock = new FakeClock();
  await using host = new MemoryHost({ clock });
  const code = async (): Promise<string> =>
    await host.generateIdentity(grafana).then(
      () => 'ok',
      (error: unknown) => (isTeleportError(error) ? error.code : String(error)),
    );
  host.faults.next('limit_exceeded');
  host.faults.next(new Error('mine'));
  expect([await code(), await code(), await code()]).toEqual(['limit_exceeded', 'Error: mine', 'ok']);
  host.faults.always('connection_problem');
  expect([await code(), await code()]).toEqual(['connection_problem', 'connection_problem']);
  host.faults.clear();
  host.faults.next({ delayMs: 10_000 });
  const late = code();
  await clock.advance(9_999);
  expect(await Promise.race([late, Promise.resolve('not yet')])).toBe('not yet');
  await clock.advance(1);
  expect(await late).toBe('ok');
  expect([host.requests.length, host.issued.length]).toEqual([6, 2]);
  host.faults.next({ delayMs: 10_000 });
  const cut = code();
  await host.close();
  expect(await cut).toBe('canceled');
});

test('a watched credential is renewed as time goes on', async () => {
  const clock = new FakeClock();
  await using host = new MemoryHost({ clock, ttlMs: 600_000, random: () => 0 });
  const watched = host.watchIdentity(grafana)[Symbol.asyncIterator]();
  const { value: first } = await watched.next();
  const next = watched.next();
  await clock.advance(399_000);
  expect(host.issued).toHaveLength(1);
  await clock.advance(2_000);
  const { value: second } = await next;
  expect(second?.expires.getTime()).toBeGreaterThan(first!.expires.getTime());
  await watched.return!();
  expect(clock.timers).toBe(0);
});

test('limits of the cluster that it stands for', async () => {
  const options: MemoryHostOptions = { maxTtlMs: 600_000, leaves: ['leaf'], cluster: 'root' };
  await using host = new MemoryHost(options);
  const identity = await host.generateIdentity({ ...grafana, cluster: 'leaf', confined: true });
  expect(identity.ttl).toEqual({ askedMs: 3_600_000, effectiveMs: 600_000, cutBy: 'maxTtlMs of the host' });
  expect([identity.route?.cluster, identity.tls.app?.clusterName, identity.sshCertificate]).toEqual([
    'leaf',
    'leaf',
    undefined,
  ]);
  expect(await host.describe()).toMatchObject({ clusters: ['root', 'leaf'], proxyAddress: 'proxy.root:443' });
});

test('its clients talk to a cluster that the test writes', async () => {
  await using host = new MemoryHost();
  (await host.api()).handle(AuthServiceDefinition, { getRole: ({ Name }) => ({ Metadata: { Name } }) });
  await using client = await host.clientForIdentity(await host.generateIdentity({ kind: 'identity' }));
  const role = await client.unary(AuthServiceDefinition, 'getRole', { Name: 'deployer' });
  expect(role.Metadata?.Name).toBe('deployer');
});
