import { X509Certificate } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Finished, RunningProgram, runProgram } from '@teleport-ts/dev-cluster/testing';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { TBOT } from '../../test-support/journey.ts';
import { StandInAgent } from '../../test-support/stand-in-agent.ts';

// What goes on after the first credential, with the built command: a command of the user's, and files that stay fresh.

let folder: string;
let socket: string;
let agent: StandInAgent;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tbot-running-'));
  socket = join(folder, 'socket');
  agent = await StandInAgent.listen(socket);
});
afterEach(() => {
  agent.refreshAfterMs = undefined;
  agent.failure = undefined;
});
afterAll(async () => {
  await agent[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

const argsOf = (kind: readonly string[], more: readonly string[]): string[] => [
  TBOT,
  ...['generate', '--socket', socket, ...kind, ...more],
];
const FOO = ['application', '--app-name', 'foo'];

function exec(script: string, kind: readonly string[] = FOO, env: Record<string, string> = {}): Promise<Finished> {
  return runProgram(process.execPath, argsOf(kind, ['--exec', 'sh', '-c', script]), { env, input: 'from outside\n' });
}

/** A command that goes on until it is told to stop, and what it works with. */
function start(more: readonly string[]): RunningProgram {
  return new RunningProgram(process.execPath, argsOf(FOO, more), {});
}

const serialOf = (path: string): string => new X509Certificate(readFileSync(path)).serialNumber;

test('a command finds its files by its environment, and they go when it ends', async () => {
  const script = `
    stat -c '%a %U' "$TBOT_DIRECTORY"; stat -c %a "$TBOT_PRIVATE_KEY_FILE"
    openssl x509 -noout -pubkey -in "$TBOT_TLS_CERTIFICATE_FILE" | sha256sum
    openssl pkey -pubout -in "$TBOT_PRIVATE_KEY_FILE" | sha256sum
    cat "$TBOT_CURL_CONFIG_FILE"; cat; echo "$TBOT_APPLICATION_ADDRESS $TBOT_ROLES $0 $1"; echo "$TBOT_DIRECTORY"; exit 7`;
  const { stdout, stderr, code } = await runProgram(
    process.execPath,
    argsOf(FOO, ['--exec', 'sh', '-c', script, 'zero', '--one']),
    { input: 'from outside\n' },
  );
  expect(stderr).toBe('');
  expect(code).toBe(7);
  const lines = stdout.trimEnd().split('\n');
  const directory = lines.at(-1)!;
  expect(lines[0]).toMatch(/^700 /);
  expect(lines[1]).toBe('600');
  expect(lines[2]).toBe(lines[3]);
  expect(lines.slice(4)).toEqual([
    `cert = "${directory}/tlscert"`,
    `key = "${directory}/key"`,
    'from outside',
    'foo.example.com role-a,role-b zero --one',
    directory,
  ]);
  expect(existsSync(directory)).toBe(false);
});

test('clients that go by variables of their own have them', async () => {
  const psql = ['database', '--service', 'pg', '--username', 'reader', '--database', 'main'];
  const { stdout, code } = await exec(
    `env | grep ^PG | sort; ls "$PGSSLCERT" "$PGSSLKEY" "$PGSSLROOTCERT" >/dev/null`,
    psql,
    { PGSSLMODE: 'verify-ca' },
  );
  expect(code).toBe(0);
  const directory = /PGSSLKEY=(.*)\/key/.exec(stdout)?.[1];
  expect(stdout).toBe(
    [
      'PGDATABASE=main',
      `PGSSLCERT=${directory}/tlscert`,
      `PGSSLKEY=${directory}/key`,
      'PGSSLMODE=verify-ca',
      `PGSSLROOTCERT=${directory}/teleport-host-ca.crt`,
      'PGUSER=reader',
      '',
    ].join('\n'),
  );
  const identity = await exec('ls "$TELEPORT_IDENTITY_FILE" && echo "$TBOT_SSH_CONFIG_FILE"', [
    'identity',
    '--ssh-config',
    'off',
  ]);
  expect(identity).toMatchObject({ code: 0, stdout: expect.stringMatching(/\/identity\n\n$/) });
});

test('the end of a command is told as a shell tells it', async () => {
  expect(await exec('kill -9 $$')).toMatchObject({ code: 137 });
  const missing = await runProgram(process.execPath, argsOf(FOO, ['--exec', 'no-such-command', 'x']));
  expect(missing).toMatchObject({ code: 127, stderr: 'error: there is no command "no-such-command"\n' });
  const notOne = await runProgram(process.execPath, argsOf(FOO, ['--exec', folder]));
  expect(notOne).toMatchObject({ code: 126, stderr: `error: the command "${folder}" cannot be run: EACCES\n` });
});

test('a command is not run without a credential', async () => {
  agent.failure = { status: 'PERMISSION_DENIED', detail: { code: 'access_denied', message: 'not you' } };
  expect(await exec('echo ran')).toMatchObject({ code: 3, stdout: '', stderr: 'error: not you\n' });
});

test('signals reach the command, and nothing is left behind', async () => {
  const script = `trap 'echo hup' HUP; trap 'echo term; exit 3' TERM; echo "at $TBOT_DIRECTORY."; while :; do sleep 0.05; done`;
  await using program = start(['--exec', 'sh', '-c', script]);
  await program.printed(/at .*\./);
  const directory = /at (.*)\./.exec(program.output)![1]!;
  expect(existsSync(join(directory, 'key'))).toBe(true);
  program.kill('SIGHUP');
  await program.printed('hup');
  program.kill('SIGTERM');
  expect(await program.finished).toMatchObject({ code: 3, stdout: expect.stringContaining('term\n') });
  expect(existsSync(directory)).toBe(false);
});

test('a signal that comes while the command is being started reaches it too', async () => {
  const early = join(folder, 'early.cjs');
  writeFileSync(
    early,
    `const processes = require('node:child_process');
    const { spawn } = processes;
    processes.spawn = (name, ...rest) => {
      const child = spawn(name, ...rest);
      if (name === 'sh') process.kill(process.pid, 'SIGHUP');
      return child;
    };
    require('node:module').syncBuiltinESMExports();`,
  );
  const waiting = `trap 'exit 4' HUP; for i in $(seq 100); do sleep 0.05; done`;
  const { code, signal } = await exec(waiting, FOO, { NODE_OPTIONS: `--require=${early}` });
  // The shell has set its trap by then, or not yet.
  expect([4, 129]).toContain(code);
  expect(signal).toBeNull();
});

test('nothing is left behind by a kill -9 either', async () => {
  await using program = start(['--exec', 'sh', '-c', 'echo "at $TBOT_DIRECTORY."; exec cat']);
  await program.printed(/at .*\./);
  const directory = /at (.*)\./.exec(program.output)![1]!;
  program.kill('SIGKILL');
  await expect.poll(() => existsSync(directory), { timeout: 10_000 }).toBe(false);
});

test('files are renewed under a running command, which is told if it wants to be', async () => {
  agent.refreshAfterMs = 50;
  const script = `
    serial() { openssl x509 -noout -serial -in "$TBOT_TLS_CERTIFICATE_FILE"; }
    trap 'echo "renewed $(serial)"' USR1; echo "first $(serial)"; while :; do sleep 0.05; done`;
  await using program = start(['--watch', '--reload-signal', 'usr1', '--exec', 'sh', '-c', script]);
  await program.printed(/(renewed serial=\w+\n[\s\S]*){2}/);
  program.kill('SIGTERM');
  const { code, stdout, stderr } = await program.finished;
  expect(code).toBe(143);
  const serials = stdout.match(/serial=\w+/g)!;
  expect(new Set(serials).size).toBe(serials.length);
  expect(stderr).toMatch(/^note: renewed: \d files changed, expires 2\S+Z\n/);
});

test('files stay fresh, while the agent is away too, until the command is stopped', async () => {
  agent.refreshAfterMs = 50;
  const out = join(folder, 'fresh');
  await using program = start(['--out', out, '--watch']);
  await program.printed('note: renewed');
  expect(program.output).toMatch(/^Wrote 9 files to /);
  await agent[Symbol.asyncDispose]();
  await program.printed(/note: a credential could not be renewed: .*(there is no socket|nobody is listening)/);
  const before = serialOf(join(out, 'tlscert'));
  expect(before).not.toBe('');
  rmSync(socket, { force: true });
  agent = await StandInAgent.listen(socket);
  await expect.poll(() => serialOf(join(out, 'tlscert')), { timeout: 20_000 }).not.toBe(before);
  program.kill('SIGTERM');
  const { code, stderr } = await program.finished;
  expect({ code, stderr }).toEqual({ code: 0, stderr: expect.not.stringContaining('error:') });
});

test('a command that is stopped while it waits leaves no directory', async () => {
  agent.failure = { status: 'NOT_FOUND', detail: { code: 'not_found', message: 'no foo yet' } };
  const parent = join(folder, 'stopped');
  await using program = start(['--out', join(parent, 'deep'), '--wait']);
  await program.printed('note: waiting');
  expect(existsSync(parent)).toBe(true);
  program.kill('SIGINT');
  const { code, stdout } = await program.finished;
  expect({ code, stdout, left: existsSync(parent) }).toEqual({ code: 130, stdout: '', left: false });
});
