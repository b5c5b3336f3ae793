import { execFile } from 'node:child_process';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DevCluster } from './dev-cluster.ts';
import { runProgram } from './testing/program.ts';
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
    cluster.upsertRole({ name: 'deployer', allow: { appLabels: { '*': '*' }, logins: ['root'] } });
    cluster.upsertRole({
      name: 'admin',
      allow: { rules: [{ resources: ['*'], verbs: ['*'] }], appLabels: { '*': '*' } },
    });
    cluster.upsertUser({ name: 'alice', roles: ['admin'] });
    await cluster.upsertBot({ name: 'ci', roles: ['deployer'] });
    await cluster.addApplication({ name: 'foo' });
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

  it('tctl reads and writes roles, users, tokens, locks and applications', async () => {
    const { identityFile } = await cluster.issueUserCredentials({ user: 'alice' });
    const path = directory.join('alice.id');
    await writeFile(path, identityFile, { mode: 0o600 });
    const tctl = (...args: string[]) => run('tctl', [`--auth-server=${cluster.authAddress}`, '-i', path, ...args]);
    const role = {
      kind: 'role',
      version: 'v7',
      metadata: { name: 'made' },
      spec: { allow: { app_labels: { a: 'b' } } },
    };
    await writeFile(directory.join('role.json'), JSON.stringify(role));

    expect(await tctl('status')).toMatchObject({ code: 0, stdout: expect.stringContaining('root.test') });
    expect(await tctl('create', directory.join('role.json'))).toMatchObject({ code: 0 });
    const { stdout } = await tctl('get', 'role/made', '--format=json');
    expect(JSON.parse(stdout)).toMatchObject([
      { metadata: { name: 'made' }, spec: { allow: { app_labels: { a: 'b' } } } },
    ]);
    expect(await tctl('rm', 'role/made')).toMatchObject({ code: 0 });
    expect(await tctl('get', 'role/made')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('role made is not found'),
    });
    expect(await tctl('apps', 'ls')).toMatchObject({ code: 0, stdout: expect.stringMatching(/ foo /) });
    expect(await tctl('bots', 'ls')).toMatchObject({ code: 0, stdout: expect.stringContaining('bot-ci') });
    expect(await tctl('tokens', 'ls')).toMatchObject({ code: 0 });
    expect(await tctl('users', 'ls')).toMatchObject({ code: 0, stdout: expect.stringContaining('alice') });
    expect(await tctl('lock', '--user=bot-ci', '--ttl=1m')).toMatchObject({ code: 0 });
    expect(cluster.locks.map(({ Spec }) => Spec?.Target?.User)).toEqual(['bot-ci']);
  });
});
