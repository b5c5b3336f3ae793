import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parseSshCertificate } from '@teleport-ts/api-types';
import { AuthServiceDefinition as Auth } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import { TrustServiceDefinition as Trust } from '@teleport-ts/api-types/proto/teleport/trust/v1/trust_service';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DevCluster } from '../dev-cluster.ts';
import { RunningProgram, runProgram } from '../testing/program.ts';
import { teleportBinDir } from '../testing/real-teleport.ts';
import { TemporaryDirectory } from '../testing/temporary-directory.ts';
import { userClient } from '../testing/wire-bot.ts';
import { WireClient } from '../testing/wire-client.ts';
import type { RotationPhase } from './phases.ts';

const binDir = teleportBinDir();
const exec = promisify(execFile);

// tbot waits ten seconds after the event of a rotation before it renews.
const RENEWAL_MS = 45_000;

describe.skipIf(binDir === undefined)('through a rotation of this cluster', () => {
  let cluster: DevCluster;
  let directory: TemporaryDirectory;
  let output: string;

  beforeAll(async () => {
    directory = await TemporaryDirectory.create();
    cluster = await DevCluster.start({ name: 'root.test', dataDir: directory.join('data') });
    cluster.upsertRole({
      name: 'deployer',
      allow: { appLabels: { '*': '*' }, logins: ['root'], rules: [{ resources: ['host_cert'], verbs: ['create'] }] },
    });
    cluster.upsertRole({ name: 'admin', allow: { rules: [{ resources: ['*'], verbs: ['*'] }] } });
    cluster.upsertUser({ name: 'alice', roles: ['admin'] });
    await cluster.upsertBot({ name: 'ci', roles: ['deployer'] });
    await cluster.addApplication({ name: 'foo' });
    output = directory.join('output');
  });

  afterAll(async () => {
    await cluster.stop();
    await directory[Symbol.asyncDispose]();
  });

  const environment = () => ({ SSL_CERT_FILE: cluster.webCaPath, TELEPORT_HOME: directory.join('tsh') });
  const written = (name: string): Promise<string> => readFile(join(output, name), 'utf8');
  const certificatesIn = (pem: string): X509Certificate[] =>
    pem.split(/(?=-----BEGIN CERTIFICATE)/).map((part) => new X509Certificate(part));

  async function trustedBy(type: string): Promise<X509Certificate[]> {
    using alice = await userClient(cluster, 'alice');
    const { Spec } = await alice.call(Trust, 'getCertAuthority', { type, domain: 'root.test' });
    const pairs = [...(Spec?.ActiveKeys?.TLS ?? []), ...(Spec?.AdditionalTrustedKeys?.TLS ?? [])];
    return pairs.map(({ Cert }) => new X509Certificate(Cert));
  }

  /** The output is signed by the user authority of now, and names all host authorities of now. */
  async function followed(): Promise<boolean> {
    const [signer] = await trustedBy('user');
    const host = (await trustedBy('host')).map(({ fingerprint256 }) => fingerprint256);
    const shown = new X509Certificate(await written('tlscert'));
    const known = certificatesIn(await written('teleport-host-ca.crt')).map(({ fingerprint256 }) => fingerprint256);
    return shown.verify((signer as X509Certificate).publicKey) && known.sort().join() === host.sort().join();
  }

  async function until(what: string, condition: () => Promise<boolean>): Promise<void> {
    const end = Date.now() + RENEWAL_MS;
    while (!(await condition().catch(() => false))) {
      if (Date.now() > end) throw new Error(`${what}: not after ${RENEWAL_MS / 1000} s`);
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  }

  it('tbot follows it in every phase, and what it wrote works', { timeout: 240_000 }, async () => {
    const store = directory.join('store');
    const hostOutput = directory.join('host');
    for (const folder of [store, output, hostOutput]) await mkdir(folder);
    const config = {
      version: 'v2',
      auth_server: cluster.authAddress,
      onboarding: {
        join_method: 'token',
        token: await cluster.createToken({ botName: 'ci' }),
        ca_pins: cluster.caPins,
      },
      storage: { type: 'directory', path: store },
      outputs: [
        { type: 'application', app_name: 'foo', destination: { type: 'directory', path: output } },
        { type: 'ssh_host', principals: ['h1.example.com'], destination: { type: 'directory', path: hostOutput } },
      ],
    };
    await writeFile(directory.join('tbot.yaml'), JSON.stringify(config));
    await using tbot = new RunningProgram(
      join(binDir as string, 'tbot'),
      ['start', '-c', directory.join('tbot.yaml')],
      { env: environment() },
    );
    await until('the first output', followed);
    const before = new X509Certificate(await written('tlscert'));

    const steps: [RotationPhase, boolean][] = [
      ['init', false],
      ['update_clients', true],
      ['update_servers', false],
      ['standby', true],
    ];
    for (const [phase, renews] of steps) {
      await cluster.rotate('host', phase);
      await cluster.rotate('user', phase);
      if (renews) await until(`output after ${phase}`, followed);
      expect(tbot.running).toBe(true);
    }
    expect(await trustedBy('user')).toHaveLength(1);
    const after = new X509Certificate(await written('tlscert'));
    expect(after.verify((await trustedBy('user'))[0]!.publicKey)).toBe(true);
    expect(before.verify((await trustedBy('user'))[0]!.publicKey)).toBe(false);

    const identity = { cert: await written('tlscert'), key: await written('key') };
    using client = new WireClient({
      address: cluster.authAddress,
      ca: await written('teleport-host-ca.crt'),
      identity,
    });
    expect(await client.call(Auth, 'ping', {})).toMatchObject({ ClusterName: 'root.test' });
    const { stdout } = await exec('curl', [
      ...['-sS', '--cacert', cluster.webCaPath as string],
      ...['--cert', join(output, 'tlscert'), '--key', join(output, 'key')],
      `https://${cluster.proxyAddress}/`,
    ]);
    expect(JSON.parse(stdout).caller).toMatchObject({ user: 'bot-ci', bot: 'ci' });
  });

  it('tctl leads and shows it', { timeout: 120_000 }, async () => {
    const { identityFile } = await cluster.issueUserCredentials({ user: 'alice' });
    const path = directory.join('alice.id');
    await writeFile(path, identityFile, { mode: 0o600 });
    const tctl = (...args: string[]) =>
      runProgram(join(binDir as string, 'tctl'), [`--auth-server=${cluster.authAddress}`, '-i', path, ...args], {
        env: environment(),
      });
    const rotate = (phase: string) => tctl('auth', 'rotate', '--manual', '--type=db', `--phase=${phase}`);
    expect(await rotate('init')).toMatchObject({ code: 0, stdout: expect.stringContaining('"init"') });
    expect(await rotate('update_servers')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('can only switch to phase update_servers from update_clients'),
    });
    expect(await tctl('status')).toMatchObject({ code: 0, stdout: expect.stringContaining('init') });
    for (const phase of ['update_clients', 'update_servers', 'standby']) {
      expect(await rotate(phase)).toMatchObject({ code: 0 });
    }
    const { stdout } = await tctl('get', 'cert_authority/db/root.test', '--format=json');
    expect(JSON.parse(stdout)).toMatchObject([{ sub_kind: 'db', spec: { rotation: { phase: 'standby' } } }]);
    const host = directory.join('h1');
    const sign = await tctl('auth', 'sign', '--format=openssh', '--host=h1.example.com', `--out=${host}`);
    expect(sign).toMatchObject({ code: 0 });
    const certificate = parseSshCertificate(await readFile(`${host}-cert.pub`, 'utf8'));
    expect(certificate.principals).toEqual(['h1.example.com']);
    expect(await tctl('auth', 'export', '--type=db')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('BEGIN CERTIFICATE'),
    });
    expect(await tctl('auth', 'export', '--type=user')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('cert-authority'),
    });
  });
});
