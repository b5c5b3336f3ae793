import { existsSync, lstatSync, readdirSync, readFileSync, statfsSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { type Finished, runProgram } from '@teleport-ts/dev-cluster/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Journey, type StartedAgent, TBOT, tbot, tbotInProcess } from '../../test-support/journey.ts';
import { TinyDisk } from '../../test-support/tiny-disk.ts';

// What `tbot generate` is refused, or cannot write: its exit code, what it tells, and that nothing is lost.

let journey: Journey;
let agent: StartedAgent;
beforeAll(async () => {
  journey = await Journey.start();
  agent = await journey.agent({ more: '  max_ttl: 10m\n  applications: [foo, "x*", nosuch]' });
});
afterAll(() => journey[Symbol.asyncDispose]());

/** Asks for `app` in a directory that is not there, and expects it not to be there afterwards. */
async function refusedBy(
  run: typeof tbotInProcess,
  app: string,
  ...args: string[]
): Promise<Pick<Finished, 'code' | 'stderr'>> {
  const parent = await journey.newFolder('refused');
  const out = join(parent, 'not', 'there');
  const asked = ['generate', '--socket', agent.socket, 'application', '--app-name', app, '--out', out, ...args];
  const { code, stdout, stderr } = await run(asked);
  expect(stdout).toBe('');
  expect(readdirSync(parent)).toEqual([]);
  return { code, stderr };
}

const refused = (app: string, ...args: string[]): ReturnType<typeof refusedBy> =>
  refusedBy(tbotInProcess, app, ...args);

/** The same by the built program, for one of each exit code. */
const refusedByProgram = (app: string, ...args: string[]): ReturnType<typeof refusedBy> =>
  refusedBy(tbot, app, ...args);

const unknownApp = (name: string): string =>
  `error: there is no application ${JSON.stringify(name)} in cluster root.example that the roles "role-a", "role-b" may see\n` +
  'hint: `tctl get app_servers` lists the applications; a role sees those that its app_labels allow\n';

describe('the agent refuses', () => {
  test('an application that is not there: exit 1', async () => {
    expect(await refusedByProgram('nosuch')).toEqual({ code: 1, stderr: unknownApp('nosuch') });
  });

  test.each([
    'x" || name != "',
    'x") || true || equals(name, "',
    "x' OR '1'='1",
    'x\\" || "" == "',
    'x || !false',
    'x*',
  ])('the name %s, which stays a name: exit 1', async (name) => {
    expect(await refused(name)).toEqual({ code: 1, stderr: unknownApp(name) });
  });

  test('an application that the socket does not serve: exit 3', async () => {
    expect(await refusedByProgram('bar')).toEqual({
      code: 3,
      stderr: 'error: this socket does not serve the application "bar"\nhint: it serves: foo, x*, nosuch\n',
    });
  });

  test('roles outside the limit, all of them named: exit 3', async () => {
    expect(await refused('foo', '--roles', 'role-c,role-a,nosuch')).toEqual({
      code: 3,
      stderr: 'error: this socket does not allow the roles "role-c", "nosuch"\nhint: it allows: role-a, role-b\n',
    });
  });

  test('a cluster that is not known: exit 1', async () => {
    expect(await refused('foo', '--cluster', 'bar')).toEqual({
      code: 1,
      stderr: 'error: there is no cluster "bar"\nhint: the clusters known here: root.example\n',
    });
  });

  test('a lifetime below the minimum: exit 2', async () => {
    expect(await refusedByProgram('foo', '--ttl', '10s')).toEqual({
      code: 2,
      stderr: 'error: the ttl 10s is below the minimum of 1m0s\nhint: ask for at least 1m0s, or for no ttl at all\n',
    });
  });

  test('a lifetime of zero or less: exit 2', async () => {
    for (const ttl of ['0s', '0', '-5m']) {
      expect(await refused('foo', `--ttl=${ttl}`)).toEqual({
        code: 2,
        stderr: 'error: --ttl must be more than zero\n',
      });
    }
  });

  test('a cluster that does not answer in time: exit 4', async () => {
    journey.cluster.faults.next('GenerateUserCerts', { delayMs: 5000 });
    const { code, stderr } = await refusedByProgram('foo', '--timeout', '700ms');
    journey.cluster.faults.clear();
    expect(code).toBe(4);
    expect(stderr).toMatch(/^error: .*did not answer within 0\.7 s/);
  });
});

test.each(['1h', '100000h'])('a lifetime of %s, beyond the cap, is cut, with a note', async (ttl) => {
  const made = await journey.generateInProcess(agent.socket, journey.fresh('cut'), ['--ttl', ttl]);
  expect(made).toMatchObject({
    code: 0,
    stderr: `note: the lifetime was cut from ${ttl}0m0s to 10m0s by the max_ttl of the socket\n`,
  });
  expect(made.stdout).toContain('in 10m0s');
});

describe('nobody answers on the socket: exit 4, and how to start the agent', () => {
  const start = /^hint: .*start (?:the agent|it) with `tbot start -c tbot\.yaml`/m;

  test('no socket, and a dead one', async () => {
    const killed = await journey.agent();
    killed.program.kill('SIGKILL');
    await killed.program.finished;
    expect(lstatSync(killed.socket).isSocket()).toBe(true);
    for (const socket of [journey.path('nowhere'), killed.socket]) {
      const out = journey.fresh('out');
      const { code, stdout, stderr } = await journey.generate(socket, out);
      expect([code, stdout, existsSync(out)]).toEqual([4, '', false]);
      expect(stderr).toContain(socket);
      expect(stderr).toMatch(start);
      const status = await tbotInProcess(['status', '--socket', socket]);
      expect([status.code, status.stdout, status.stderr]).toEqual([4, '', stderr]);
    }
    // The next agent replaces what the killed one left.
    await journey.agent({ socket: killed.socket });
    expect(await journey.generateInProcess(killed.socket, journey.fresh('out'))).toMatchObject({ code: 0 });
  });

  test('a regular file, and a socket that keeps silent', async () => {
    const file = journey.fresh('file');
    writeFileSync(file, 'precious');
    const [onFile, silent] = await (async () => {
      const mute = createServer(() => {}).listen(journey.path('mute'));
      try {
        return await Promise.all([
          journey.generateInProcess(file, journey.fresh('out')),
          journey.generateInProcess(journey.path('mute'), journey.fresh('out'), ['--timeout', '500ms']),
        ]);
      } finally {
        mute.close();
      }
    })();
    expect(onFile.code).not.toBe(0);
    expect(onFile.stderr).toMatch(new RegExp(`^error: .*${file}`));
    expect(readFileSync(file, 'utf8')).toBe('precious');
    expect([silent.code, silent.stderr]).toEqual([4, expect.stringContaining('did not answer within 0.5 s')]);
  });
});

const mayMount = TinyDisk.available();
if (!mayMount) console.log('tests with a full and a read-only disk are skipped: this user may not mount one');

describe.runIf(mayMount)('a disk that takes no more: exit 1, and the old set stays whole', () => {
  let disk: TinyDisk;
  beforeAll(() => {
    disk = TinyDisk.mount();
  });
  afterAll(() => disk.unmount());

  const setIn = (out: string): Record<string, string> =>
    Object.fromEntries(
      readdirSync(out)
        .sort()
        .map((name) => [name, readFileSync(join(out, name), 'utf8')]),
    );

  test.each([
    ['full', 'the disk is full (ENOSPC)'],
    ['read-only', 'the file system is read-only (EROFS)'],
  ] as const)('%s', async (state, words) => {
    const out = join(disk.path, state);
    expect(await journey.generateInProcess(agent.socket, out)).toMatchObject({ code: 0 });
    const before = setIn(out);
    const asked = journey.cluster.calls.count('GenerateUserCerts');
    const restore = state === 'full' ? disk.fill() : disk.makeReadOnly();
    try {
      expect(statfsSync(disk.path).bavail === 0).toBe(state === 'full');
      const refused = await journey.generate(agent.socket, out);
      expect(refused).toMatchObject({ code: 1, stdout: '', stderr: `error: cannot use ${out}: ${words}\n` });
      const inNew = await journey.generateInProcess(agent.socket, join(disk.path, 'new'));
      expect(inNew).toMatchObject({ code: 1, stdout: '' });
      expect(inNew.stderr).toContain(words);
      expect(existsSync(join(disk.path, 'new'))).toBe(false);
      expect(setIn(out)).toEqual(before);
    } finally {
      restore();
    }
    // What cannot be written for certain is not asked for: each certificate leaves a session in the cluster.
    if (state === 'read-only') expect(journey.cluster.calls.count('GenerateUserCerts')).toBe(asked);
    expect(await journey.generateInProcess(agent.socket, out)).toMatchObject({ code: 0 });
    expect(setIn(out).key).not.toBe(before.key);
  });
});

test('a destination that is no directory: exit 2, and it stays as it is', async () => {
  const out = journey.fresh('file');
  writeFileSync(out, 'precious');
  const { code, stderr } = await journey.generateInProcess(agent.socket, out);
  expect([code, stderr]).toEqual([2, `error: ${out} is not a directory\n`]);
  expect(readFileSync(out, 'utf8')).toBe('precious');
});

describe.runIf(process.getuid?.() === 0)('another user', () => {
  const asOther = (socket: string): Promise<Finished> => {
    const command = [process.execPath, ...tbotCommand(socket)];
    return runProgram('setpriv', ['--reuid', '4242', '--regid', '4242', '--clear-groups', ...command]);
  };
  const tbotCommand = (socket: string): string[] => [
    ...[TBOT, 'generate', '--socket', socket, 'application', '--app-name', 'foo', '--out', '/tmp/unused-by-other'],
  ];

  test('is kept out by the file system: exit 3', async () => {
    journey.letOthersIn();
    const byFile = await asOther(agent.socket);
    expect(byFile).toMatchObject({ code: 3, stderr: expect.stringContaining(agent.socket) });
  });

  test('is kept out by `allow` where the file system lets it in: exit 3', async () => {
    journey.letOthersIn();
    const narrowed = await journey.agent({ more: '  mode: "0666"\n  allow: [{ user: root }]' });
    expect(await asOther(narrowed.socket)).toMatchObject({ code: 3, stderr: 'error: you may not use this socket\n' });
    expect(await journey.generateInProcess(narrowed.socket, journey.fresh('out'))).toMatchObject({ code: 0 });
  });
});
