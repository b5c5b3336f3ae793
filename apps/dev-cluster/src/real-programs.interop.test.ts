import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parseSshCertificate, parseTlsIdentity } from '@teleport-ts/api-types';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DevCluster } from './dev-cluster.ts';
import { RunningProgram, runProgram } from './testing/program.ts';
import { teleportBinDir } from './testing/real-teleport.ts';
import { TemporaryDirectory } from './testing/temporary-directory.ts';

// Teleport's own programs against this cluster: what they cannot tell from a real one is right.

const binDir = teleportBinDir();
const exec = promisify(execFile);

describe.skipIf(binDir === undefined)('Teleport 18', () => {
  let cluster: DevCluster;
  let directory: TemporaryDirectory;

  beforeAll(async () => {
    directory = await TemporaryDirectory.create();
    cluster = await DevCluster.start({ name: 'root.test', dataDir: directory.join('data') });
    const everything = { '*': '*' };
    cluster.upsertRole({
      name: 'deployer',
      allow: {
        appLabels: everything,
        databaseLabels: everything,
        databaseUsers: ['reader'],
        databaseNames: ['main'],
        kubernetesLabels: everything,
        kubernetesGroups: ['viewers'],
        logins: ['root'],
        rules: [{ resources: ['host_cert'], verbs: ['create'] }],
      },
    });
    cluster.upsertRole({
      name: 'admin',
      allow: {
        rules: [{ resources: ['*'], verbs: ['*'] }],
        appLabels: everything,
        databaseLabels: everything,
        kubernetesLabels: everything,
      },
    });
    cluster.upsertUser({ name: 'alice', roles: ['admin'] });
    await cluster.upsertBot({ name: 'ci', roles: ['deployer'] });
    await cluster.addApplication({ name: 'foo' });
    cluster.addDatabase({ name: 'pg', protocol: 'postgres', uri: '127.0.0.1:9' });
    cluster.addKubernetesCluster({ name: 'k1' });
  });

  afterAll(async () => {
    await cluster.stop();
    await directory[Symbol.asyncDispose]();
  });

  const run = (program: string, args: string[]) =>
    runProgram(join(binDir as string, program), args, {
      env: { SSL_CERT_FILE: cluster.webCaPath, TELEPORT_HOME: directory.join('tsh') },
    });

  it('tbot joins, renews, and writes application and identity outputs that work', async () => {
    const [store, app, identity] = ['store', 'app', 'identity'].map((name) => directory.join(name)) as [
      string,
      string,
      string,
    ];
    for (const folder of [store, app, identity]) await mkdir(folder);
    const config = {
      version: 'v2',
      auth_server: cluster.authAddress,
      onboarding: {
        join_method: 'token',
        token: await cluster.createToken({ botName: 'ci' }),
        ca_pins: cluster.caPins,
      },
      storage: { type: 'directory', path: store },
      oneshot: true,
      outputs: [
        { type: 'application', app_name: 'foo', destination: { type: 'directory', path: app } },
        { type: 'identity', destination: { type: 'directory', path: identity } },
      ],
    };
    await writeFile(directory.join('tbot.yaml'), JSON.stringify(config));
    for (const generation of [1, 2]) {
      const { code, stderr } = await run('tbot', ['start', '-c', directory.join('tbot.yaml')]);
      expect(stderr).toContain(`generation=${generation}`);
      expect(code).toBe(0);
    }
    expect(await readdir(identity)).toEqual(expect.arrayContaining(['identity', 'known_hosts', 'ssh_config']));
    const { stdout } = await exec('curl', [
      ...['-sS', '--cacert', cluster.webCaPath as string],
      ...['--cert', join(app, 'tlscert'), '--key', join(app, 'key')],
      `https://${cluster.proxyAddress}/`,
    ]);
    expect(JSON.parse(stdout).caller).toEqual({ user: 'bot-ci', roles: ['deployer'], bot: 'ci' });
  });

  it('tbot writes every kind of output, and renews over three periods', async () => {
    await cluster.upsertBot({ name: 'daemon', roles: ['deployer'] });
    const output = (name: string, fields: object): object => ({
      ...fields,
      destination: { type: 'directory', path: directory.join(`daemon-${name}`) },
    });
    const names = ['store', 'identity', 'application', 'database', 'kubernetes', 'host'];
    for (const name of names) await mkdir(directory.join(`daemon-${name}`));
    const config = {
      version: 'v2',
      auth_server: cluster.authAddress,
      onboarding: {
        join_method: 'token',
        token: await cluster.createToken({ botName: 'daemon' }),
        ca_pins: cluster.caPins,
      },
      storage: { type: 'directory', path: directory.join('daemon-store') },
      certificate_ttl: '2m',
      renewal_interval: '3s',
      outputs: [
        output('identity', { type: 'identity' }),
        output('application', { type: 'application', app_name: 'foo' }),
        output('database', { type: 'database', service: 'pg', username: 'reader', database: 'main' }),
        output('kubernetes', { type: 'kubernetes', kubernetes_cluster: 'k1' }),
        output('host', { type: 'ssh_host', principals: ['node.test'] }),
      ],
    };
    await writeFile(directory.join('daemon.yaml'), JSON.stringify(config));
    const serials = async (): Promise<string[]> => {
      const pems = ['application', 'database', 'kubernetes'].map((name) => directory.join(`daemon-${name}`, 'tlscert'));
      return Promise.all(pems.map(async (path) => new X509Certificate(await readFile(path)).serialNumber));
    };
    await using tbot = new RunningProgram(
      join(binDir as string, 'tbot'),
      ['start', '-c', directory.join('daemon.yaml')],
      { env: { SSL_CERT_FILE: cluster.webCaPath, TELEPORT_HOME: directory.join('tsh') } },
    );
    await tbot.printed('generation=2');
    const first = await serials();
    await tbot.printed('generation=4', 60_000);
    for (const [index, serial] of (await serials()).entries()) expect(serial).not.toBe(first[index]);
    expect(cluster.locks).toEqual([]);

    const files = (name: string): Promise<string[]> => readdir(directory.join(`daemon-${name}`));
    expect(await files('database')).toEqual(expect.arrayContaining(['tlscert', 'key', 'teleport-database-ca.crt']));
    expect(await files('kubernetes')).toContain('kubeconfig.yaml');
    expect(await files('host')).toEqual(
      expect.arrayContaining(['ssh_host', 'ssh_host-cert.pub', 'ssh_host-user-ca.pub']),
    );
    const database = parseTlsIdentity(await readFile(directory.join('daemon-database', 'tlscert'), 'utf8'));
    expect(database.database).toMatchObject({ service: 'pg', protocol: 'postgres', user: 'reader', name: 'main' });
    const kubernetes = parseTlsIdentity(await readFile(directory.join('daemon-kubernetes', 'tlscert'), 'utf8'));
    expect(kubernetes.kubernetesCluster).toBe('k1');
    const host = parseSshCertificate(await readFile(directory.join('daemon-host', 'ssh_host-cert.pub'), 'utf8'));
    expect(host).toMatchObject({ kind: 'host', principals: ['node.test'] });
  });
});
