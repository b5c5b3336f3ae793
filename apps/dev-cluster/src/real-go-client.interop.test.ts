import { execFile } from 'node:child_process';
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DevCluster } from './dev-cluster.ts';
import { poll } from './testing/poll.ts';
import { runProgram } from './testing/program.ts';
import { RealTeleport, teleportBinDir } from './testing/real-teleport.ts';
import { TemporaryDirectory } from './testing/temporary-directory.ts';

// One program on Teleport's public Go API client (testdata/go-client), run against a real cluster and this one.

const exec = promisify(execFile);
const SOURCE = fileURLToPath(new URL('../testdata/go-client/', import.meta.url));
const API = 'github.com/gravitational/teleport/api';
/** Teleport 18.0.0. */
const COMMIT = '10cd272b41dd7d084067ea22a36d694731065bf3';

/**
 * Builds the program in a folder outside of the repository. The API module comes from TELEPORT_API_SRC, a folder with its
 * source, or from Go's module proxy.
 *
 * @returns its path, or why it cannot be built here
 */
async function build(directory: TemporaryDirectory): Promise<{ program: string } | { why: string }> {
  const cwd = directory.path;
  const go = (...args: string[]) =>
    exec('go', args, { cwd, env: { ...process.env, GOFLAGS: '-mod=mod -p=1 -buildvcs=false', GOWORK: 'off' } });
  try {
    await go('version');
  } catch {
    return { why: 'there is no Go here' };
  }
  for (const file of ['main.go', 'go.mod']) await copyFile(`${SOURCE}${file}`, directory.join(file));
  const source = process.env.TELEPORT_API_SRC;
  try {
    if (source) {
      await go('mod', 'edit', `-replace=${API}=${source}`);
      await writeFile(directory.join('go.sum'), await readFile(`${source}/go.sum`));
    } else {
      await go('mod', 'edit', `-droprequire=${API}`);
      await go('get', `${API}@${COMMIT}`);
    }
  } catch (error) {
    const [reason = ''] = (error as { stderr?: string }).stderr?.trim().split('\n').slice(-1) ?? [];
    return { why: `${API} cannot be had, and TELEPORT_API_SRC names no folder with it: ${reason}` };
  }
  await go('build', '-o', 'go-client', '.');
  return { program: directory.join('go-client') };
}

const EVERYTHING = { '*': '*' };

describe.skipIf(teleportBinDir() === undefined)('a program on the Go API client', () => {
  let directory: TemporaryDirectory;
  let built: { program: string } | { why: string };

  beforeAll(async () => {
    directory = await TemporaryDirectory.create();
    built = await build(directory);
  }, 1_200_000);

  afterAll(async () => {
    await directory[Symbol.asyncDispose]();
  });

  it('pings, lists, watches and creates a role with the same outcome as against a real cluster', async (context) => {
    if ('why' in built) return context.skip(built.why);
    const { program } = built;
    const outcome = async (addr: string, identity: string): Promise<unknown> => {
      const { code, stdout, stderr } = await runProgram(program, [`-addr=${addr}`, `-identity=${identity}`]);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      return JSON.parse(stdout);
    };

    await using ours = await DevCluster.start({ name: 'root.test' });
    const rules = [{ resources: ['*'], verbs: ['*'] }];
    ours.upsertRole({ name: 'tester', allow: { rules, nodeLabels: EVERYTHING } });
    ours.upsertUser({ name: 'alice', roles: ['tester'] });
    for (const hostname of ['one', 'two']) ours.addNode({ hostname, addr: '10.0.0.1:22' });
    const { identityFile } = await ours.issueUserCredentials({ user: 'alice' });
    await writeFile(directory.join('alice.id'), identityFile, { mode: 0o600 });
    const here = await outcome(ours.authAddress, directory.join('alice.id'));
    expect(here).toEqual({
      ping: { cluster: 'root.test', version: '18.0.0' },
      nodes: ['one', 'two'],
      roles: ['made-in-go'],
      role: { name: 'made-in-go', version: 'v8', labels: { env: ['dev', 'test'] } },
      events: ['Init', 'Put made-in-go', 'Delete made-in-go'],
      errors: ['already exists', 'not found: role made-in-go is not found'],
    });

    await using real = await RealTeleport.start();
    await real.createRole('tester', { allow: { rules, node_labels: EVERYTHING } });
    await real.tctl(['users', 'add', 'alice', '--roles=tester']);
    for (const hostname of ['one', 'two']) {
      const spec = { hostname, addr: '10.0.0.1:22' };
      const node = { kind: 'node', sub_kind: 'openssh', version: 'v2', metadata: { name: hostname }, spec };
      await real.tctl(['create', '-f'], JSON.stringify(node));
    }
    // Its lists come from a cache that lags behind.
    await poll('the nodes are listed', 20_000, async () => {
      const listed = await real.tctl(['get', 'nodes', '--format=json']);
      if (!listed.includes('"one"') || !listed.includes('"two"')) throw new Error(listed);
    });
    expect(await outcome(real.authAddress, await real.identityFile('alice'))).toEqual(here);
  });
});
