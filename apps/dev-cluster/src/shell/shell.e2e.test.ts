import { existsSync, readdirSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseIdentityFile, parseTlsIdentity } from '@teleport-ts/api-types';
import { AuthServiceDefinition } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import { describe, expect, it } from 'vitest';
import { runInProcess } from '../testing/in-process.ts';
import { type Finished, RunningProgram, runProgram } from '../testing/program.ts';
import { TemporaryDirectory } from '../testing/temporary-directory.ts';
import { WireClient } from '../testing/wire-client.ts';
import type { Announcement } from './announcement.ts';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
/** What was built, without a process for each command. */
const built = (path: string): Promise<unknown> => import(new URL(`../../dist/${path}`, import.meta.url).href);
const { runCommandLine } = (await built('shell/program.js')) as typeof import('./program.ts');
const { DevCluster } = (await built('dev-cluster.js')) as typeof import('../dev-cluster.ts');

/** The command on one cluster, started and stopped as a test wishes. */
class Shell implements AsyncDisposable {
  readonly #directory: TemporaryDirectory;
  #running: RunningProgram | undefined;

  constructor(directory: TemporaryDirectory) {
    this.#directory = directory;
  }

  static async create(): Promise<Shell> {
    return new Shell(await TemporaryDirectory.create());
  }

  get dataDir(): string {
    return this.path('data');
  }

  path(name: string): string {
    return this.#directory.join(name);
  }

  /** A command as a process of its own. */
  program(...args: string[]): Promise<Finished> {
    return runProgram(process.execPath, [MAIN, ...args], { env: { DEV_CLUSTER_DATA_DIR: this.dataDir } });
  }

  /** The same command without a process of its own. */
  run(...args: string[]): Promise<Finished> {
    return runInProcess(runCommandLine, args, { env: { DEV_CLUSTER_DATA_DIR: this.dataDir } });
  }

  /** What a command prints with `--format json`. */
  async json(...args: string[]): Promise<unknown> {
    const { code, stdout, stderr } = await this.run(...args, '--format', 'json');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout.split('\n')).toHaveLength(2);
    return JSON.parse(stdout);
  }

  async start(...args: string[]): Promise<Announcement> {
    this.#running = new RunningProgram(process.execPath, [
      ...[MAIN, 'start', '--data-dir', this.dataDir, '--format', 'json', ...args],
    ]);
    await this.#running.printed(/^\{.*\}\n/);
    return JSON.parse(this.#running.output) as Announcement;
  }

  async stop(): Promise<void> {
    this.#running?.kill('SIGTERM');
    expect(await this.#running?.finished).toMatchObject({ code: 0, stderr: '' });
    this.#running = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#running?.[Symbol.asyncDispose]();
    await this.#directory[Symbol.asyncDispose]();
  }
}

// Programs start slowly where many tests run beside each other.
describe('the commands of dev-cluster', { timeout: 120_000 }, () => {
  it('add every kind while the cluster runs, and show and remove it on the files of a stopped one', async () => {
    await using shell = await Shell.create();
    await shell.start();
    const added: readonly (readonly [kind: string, args: readonly string[], shown: object])[] = [
      [
        'role',
        ['dev', '--app-label', '*=*', '--deny-app-label', 'tier=secret', '--rule', 'user,role:list,read'],
        {
          name: 'dev',
          allow: { appLabels: { '*': ['*'] }, rules: [{ resources: ['user', 'role'], verbs: ['list', 'read'] }] },
          deny: { appLabels: { tier: ['secret'] } },
        },
      ],
      [
        'user',
        ['alice', '--role', 'dev', '--trait', 'logins=root', '--trait', 'logins=alice'],
        { name: 'alice', roles: ['dev'], traits: { logins: ['root', 'alice'] } },
      ],
      ['bot', ['ci', '--role', 'dev'], { name: 'ci', user: 'bot-ci', roles: ['dev'] }],
      ['token', ['--bot', 'ci', '--ttl', '10m'], { bot: 'ci', joinMethod: 'token', roles: ['Bot'] }],
      [
        'app',
        ['grafana', '--uri', 'http://127.0.0.1:3000', '--label', 'env=dev'],
        { name: 'grafana', uri: 'http://127.0.0.1:3000', publicAddr: 'grafana.localhost', labels: { env: 'dev' } },
      ],
      ['database', ['pg', '--uri', 'localhost:5432'], { protocol: 'postgres', uri: 'localhost:5432', served: true }],
      ['kube-cluster', ['k1', '--label', 'env=dev'], { name: 'k1', labels: { env: 'dev' } }],
      ['node', ['web-1'], { hostname: 'web-1' }],
      ['lock', ['--user', 'bot-ci', '--message', 'stop'], { target: { user: 'bot-ci' }, message: 'stop' }],
    ];
    for (const [kind, args, shown] of added) {
      expect(await shell.json('add', kind, ...args)).toMatchObject({ kind, ...shown });
    }
    const { stdout, ...ended } = await shell.program('status', '--format', 'json');
    expect(ended).toEqual({ code: 0, signal: null, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({ running: true, pid: expect.any(Number) });
    await shell.stop();
    expect(readdirSync(shell.dataDir).sort()).toEqual(['state.jsonl', 'web-ca.pem']);

    expect(await shell.json('status')).toMatchObject({
      running: false,
      resources: { app: 1, database: 1, 'kube-cluster': 1, node: 1, user: 2, role: 2, bot: 1, token: 2, lock: 1 },
    });
    expect(await shell.json('get', 'role/dev')).toMatchObject(added[0]?.[2] ?? {});
    expect((await shell.run('ls', 'apps')).stdout).toBe(
      [
        'NAME     PUBLIC ADDR        URI                    SERVED  LABELS',
        'grafana  grafana.localhost  http://127.0.0.1:3000  yes     env=dev\n',
      ].join('\n'),
    );
    expect(await shell.program('rm', 'node', 'web-1')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^removed node [0-9a-f-]{36}\n$/),
    });
    expect(await shell.json('ls', 'nodes')).toEqual([]);
    expect(readdirSync(shell.dataDir).sort()).toEqual(['state.jsonl', 'web-ca.pem']);
  });

  it('change what the running cluster answers, and what the next one starts with', async () => {
    await using shell = await Shell.create();
    const { authAddress } = await shell.start('--bot', 'ci:deployer');
    await shell.json('add', 'user', 'alice', '--role', 'deployer');
    const out = shell.path('alice.id');
    const { stdout } = await shell.run('sign', '--user', 'alice', '--ttl', '10m', '--out', out);
    expect(stdout).toContain(`tctl --auth-server=${authAddress} -i ${out}`);
    expect(statSync(out).mode & 0o777).toBe(0o600);
    const identity = parseIdentityFile(await readFile(out, 'utf8'));
    expect(parseTlsIdentity(identity.tlsCertificate)).toMatchObject({ user: 'alice', roles: ['deployer'] });

    const ping = async (): Promise<unknown> => {
      const client = new WireClient({
        address: authAddress,
        ca: identity.tlsAuthorities.join('\n'),
        identity: { key: identity.privateKey, cert: identity.tlsCertificate },
      });
      try {
        return await client.call(AuthServiceDefinition, 'getRole', { Name: 'deployer' });
      } finally {
        client.close();
      }
    };
    expect(await ping()).toMatchObject({ Metadata: { Name: 'deployer' } });
    const lock = (await shell.json('add', 'lock', '--user', 'alice')) as { name: string };
    await expect(ping()).rejects.toThrow('access denied');
    await shell.stop();
    await shell.run('rm', 'lock', lock.name);
    expect((await shell.start()).authAddress).toBe(authAddress);
    expect(await ping()).toMatchObject({ Metadata: { Name: 'deployer' } });
  });

  it('rotate an authority through its phases, over a restart', async () => {
    await using shell = await Shell.create();
    await shell.start();
    const pins = async (): Promise<string[]> => ((await shell.json('status')) as { caPins: string[] }).caPins;
    const [old] = await pins();
    expect((await shell.run('rotate', 'host', 'init')).stdout).toContain(
      'next: dev-cluster rotate host update_clients',
    );
    await shell.stop();
    for (const phase of ['update_clients', 'update_servers', 'standby']) {
      expect(await shell.json('rotate', 'host', phase)).toMatchObject({ kind: 'authority', name: 'host', phase });
    }
    const after = await pins();
    expect(after).toHaveLength(1);
    expect(after).not.toContain(old);
    expect(await shell.program('rotate', 'host', 'standby')).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^error: /),
    });
  });

  it('never write over each other: those that come at once take turns', async () => {
    await using shell = await Shell.create();
    await (await DevCluster.start({ dataDir: shell.dataDir, listen: false })).stop();
    // The lock is between processes.
    const names = ['a', 'b', 'c'];
    const done = await Promise.all(names.map((name) => shell.program('add', 'app', name)));
    expect(done.map(({ code, stderr }) => ({ code, stderr }))).toEqual(names.map(() => ({ code: 0, stderr: '' })));
    expect(((await shell.json('ls', 'apps')) as { name: string }[]).map(({ name }) => name)).toEqual(names);
  });

  it('are told of a cluster that was killed, and work on what it left', async () => {
    await using shell = await Shell.create();
    const program = new RunningProgram(process.execPath, [MAIN, 'start', '--data-dir', shell.dataDir, '--json']);
    await program.printed(/^\{.*\}\n/);
    program.kill('SIGKILL');
    await program.finished;
    expect(existsSync(`${shell.dataDir}/control.sock`)).toBe(true);
    expect(await shell.json('status')).toMatchObject({ running: false });
    await shell.json('add', 'app', 'foo');
    expect(await shell.json('ls', 'apps')).toMatchObject([{ name: 'foo', publicAddr: 'foo.localhost' }]);
  });
});
