import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { existsSync } from 'node:fs';
import { lstat, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Finished, runInProcess, runProgram } from '@teleport-ts/dev-cluster/testing';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { StandInAgent } from '../../test-support/stand-in-agent.ts';
import { runCommandLine } from '../command-line.ts';

// The built command as a user runs it, against a socket that answers with real certificates.

const TBOT = fileURLToPath(new URL('../../dist/tbot.cjs', import.meta.url));
const FILES = [
  '.write-test',
  'identity',
  'key',
  'key-cert.pub',
  'key.pub',
  'teleport-database-ca.crt',
  'teleport-host-ca.crt',
  'teleport-user-ca.crt',
  'tlscert',
];

let directory: string;
let socket: string;
let out: string;
let agent: StandInAgent;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tbot-generate-'));
  socket = join(directory, 'socket');
  out = join(directory, 'app-credentials');
  agent = await StandInAgent.listen(socket);
});
afterEach(async () => {
  agent.failure = undefined;
  agent.maxTtlMs = 3_600_000;
  agent.requests.length = 0;
  await rm(out, { recursive: true, force: true });
});
afterAll(async () => {
  await agent[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
});

const wordsOf = (line: string): string[] =>
  line.split(' ').map((word) => word.replace('$S', socket).replace('$O', out));

/** Runs `tbot` with the words of a line; `$S` is the socket and `$O` the directory. */
async function tbot(line: string, env: Record<string, string | undefined> = {}): Promise<Finished> {
  const words = wordsOf(line);
  const finished = await runProgram(TBOT, words, { env: { TBOT_SOCKET: undefined, ...env } });
  expect(finished.stdout + finished.stderr).not.toContain('PRIVATE KEY');
  return finished;
}

/** The same without a process of its own. */
const tbotInProcess = (line: string): Promise<Finished> =>
  runInProcess(runCommandLine, wordsOf(line), { env: { TBOT_SOCKET: undefined } });

test('the command of the RFD writes the files of an application', async () => {
  const finished = await tbot('generate --socket $S application --app-name foo --cluster bar --out file://$O --ttl 1m');
  expect(finished).toMatchObject({ code: 0, stderr: '' });
  expect(finished.stdout).toMatch(
    /^Wrote 9 files to .*\/app-credentials\n {2}application {2}foo at foo\.example\.com, cluster bar\n {2}roles {8}role-a, role-b\n {2}expires {6}\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ, in 1m0s\n$/,
  );
  expect(agent.requests).toHaveLength(1);
  expect(agent.requests[0]).toMatchObject({ roles: [], ttl: { seconds: 60n }, cluster: 'bar' });
  expect((await readdir(out)).sort()).toEqual(FILES);
  expect((await lstat(out)).mode & 0o777).toBe(0o700);
  for (const name of FILES) expect((await lstat(join(out, name))).mode & 0o777).toBe(0o600);
  const certificate = new X509Certificate(await readFile(join(out, 'tlscert')));
  const authority = new X509Certificate(await readFile(join(out, 'teleport-user-ca.crt')));
  expect(certificate.verify(authority.publicKey)).toBe(true);
});

test('openssl accepts key and certificate as a pair', async () => {
  await tbot('generate --socket $S application --app-name foo --out $O');
  const publicKey = (...given: string[]): string => execFileSync('openssl', given, { encoding: 'utf8' });
  expect(publicKey('pkey', '-in', join(out, 'key'), '-pubout')).toBe(
    publicKey('x509', '-in', join(out, 'tlscert'), '-noout', '-pubkey'),
  );
});

test.each([
  ["tbot's names for the options", 'generate --socket $S app --app foo --destination $O --certificate-ttl 1m'],
  ['values behind an equals sign', 'generate --socket=$S application --app-name=foo --out=file://$O --ttl=1m'],
  ['the socket behind the kind', 'generate application --app-name foo --out $O --ttl 60s --socket unix://$S'],
  // A repeated option is nothing for the hand parser: this goes the long way.
  ['the full parser', 'generate --timeout 10s application --socket $S --app-name foo --out $O --ttl 1m --roles a"b'],
])('%s give the same', async (_, line) => {
  const finished = await tbot(line);
  expect(finished).toMatchObject({ code: 0, stderr: '' });
  expect(agent.requests[0]).toMatchObject({ ttl: { seconds: 60n }, kind: { value: { name: 'foo' } } });
  expect((await readdir(out)).sort()).toEqual(FILES);
});

test('the socket may come from the environment, the option goes first', async () => {
  const line = 'generate application --app-name foo --out $O';
  expect((await tbot(line, { TBOT_SOCKET: socket })).code).toBe(0);
  expect(
    (await tbot(`generate --socket $S application --app-name foo --out $O`, { TBOT_SOCKET: '/nowhere' })).code,
  ).toBe(0);
});

test('roles and names of files as asked', async () => {
  const finished = await tbot(
    'generate --socket $S app --app foo --out $O --roles a,b --roles c --specific-tls-naming',
  );
  expect(finished.stdout).toContain('roles        a, b, c');
  expect(agent.requests[0]?.roles).toEqual(['a', 'b', 'c']);
  expect(await readdir(out)).toHaveLength(12);
  expect(await readFile(join(out, 'tls.key'))).toEqual(await readFile(join(out, 'key')));
});

test('a lifetime that was cut is told', async () => {
  agent.maxTtlMs = 600_000;
  const finished = await tbot('generate --socket $S app --app foo --out $O --ttl 2h');
  expect(finished).toMatchObject({
    code: 0,
    stderr: 'note: the lifetime was cut from 2h0m0s to 10m0s by the max_ttl of the socket\n',
  });
});

test('an application name with quotes and operators stays a name', async () => {
  const name = 'x" || name != "';
  const finished = await runProgram(TBOT, [
    'generate',
    '--socket',
    socket,
    'application',
    '--app-name',
    name,
    '--out',
    out,
  ]);
  expect(finished.code).toBe(0);
  expect(agent.requests[0]?.kind?.value).toMatchObject({ name });
});

describe('the command line is refused with exit 2', () => {
  test.each([
    ['generate application --app-name foo --out $O', 'no socket is given', 'TBOT_SOCKET'],
    ['generate --socket $S application --out $O', '--app-name is missing'],
    ['generate --socket $S application --app-name foo', '--out is missing'],
    ['generate --socket $S application --app-name foo --out relative', 'the path is not absolute', 'file:///'],
    ['generate --socket $S application --app-name foo --out memory://', 'would be gone when the command ends'],
    ['generate --socket $S application --app-name foo --out s3://x', 'the scheme s3: is not supported'],
    ['generate --socket $S application --app-name foo --out $O --ttl soon', '--ttl "soon" is not a duration', '90s'],
    ['generate --socket $S application --app-name foo --out $O --ttl 0s', '--ttl must be more than zero'],
    ['generate --socket $S application --app-name foo --out $O --timeout 10', '--timeout "10" is not a duration'],
    ['generate --socket $S application --app-name foo --out $O --roles a,,b', '--roles holds an empty name'],
    ['generate --socket $S application --app-name foo --out $O --nope', 'unknown option --nope', '--help'],
    ['generate --socket $S application --app-name foo --app bar --out $O', 'more than once'],
    ['generate --socket $S application --app-name foo --out $O --ttl', '--ttl needs a value'],
    ['generate --socket $S tunnel --out $O', 'unknown command "tunnel"'],
    ['generate --socket $S database --out $O', '--service is missing'],
    ['generate --socket $S db --service pg --format xml --out $O', '--format "xml" is none of its values', 'cockroach'],
    ['generate --socket $S kubernetes --out $O', '--kubernetes-cluster is missing'],
    ['generate --socket $S identity --ssh-config maybe --out $O', '--ssh-config "maybe" is none', 'on, off'],
    ['generate --socket $S identity --print pem --out $O', '--out and --print exclude each other'],
    ['generate --socket $S identity --print xml', '--print "xml" is none of its values', 'json, pem, env'],
    ['generate --socket $S identity --print exec-credential', 'is for kubernetes alone'],
    ['generate --socket $S identity --print pem --watch', '--watch keeps files fresh'],
    ['generate --socket $S identity --exec', '--exec needs a command behind it'],
    ['generate --socket $S identity --out $O -- ls', 'words behind -- need --exec', '--exec CMD'],
    ['generate --socket $S application --service pg --out $O', 'unknown option --service'],
    ['generate --socket $S', 'say what to generate: identity, application'],
    ['generate --socket tcp://x application --app-name foo --out $O', 'the scheme tcp:// is not supported'],
    [`generate --socket /${'x'.repeat(120)} application --app-name foo --out $O`, 'at most 107'],
  ])('%s', async (line, words, hint = '') => {
    const finished = await tbotInProcess(line);
    expect([finished.code, finished.stdout]).toEqual([2, '']);
    expect(finished.stderr).toMatch(/^error: [^\n]+\n(hint: [^\n]+\n)?$/);
    expect(finished.stderr.split('\n')[0]).toContain(words);
    expect(finished.stderr.split('\n')[1] ?? '').toContain(hint);
    expect(agent.requests).toEqual([]);
  });
});

test('the built program refuses a command line so too', async () => {
  const line = 'generate --socket $S application --app-name foo --out $O --nope';
  expect(await tbot(line)).toEqual(await tbotInProcess(line));
});

describe('a refusal of the agent is told in its words', () => {
  test.each([
    ['PERMISSION_DENIED', 'access_denied', 3],
    ['NOT_FOUND', 'not_found', 1],
    ['INVALID_ARGUMENT', 'bad_parameter', 2],
    ['UNAVAILABLE', 'connection_problem', 4],
    ['RESOURCE_EXHAUSTED', 'limit_exceeded', 4],
    ['FAILED_PRECONDITION', 'expired', 5],
    ['FAILED_PRECONDITION', 'locked', 5],
    ['UNKNOWN', 'unknown', 1],
  ] as const)('%s, %s: exit %i', async (status, code, exit) => {
    agent.failure = { status, detail: { code, message: 'role "x" is not allowed here', hint: 'ask for "y"' } };
    expect(await tbot('generate --socket $S application --app-name foo --out $O --roles x')).toMatchObject({
      code: exit,
      stdout: '',
      stderr: 'error: role "x" is not allowed here\nhint: ask for "y"\n',
    });
    expect(existsSync(out)).toBe(false);
  });

  test('a directory that was there stays', async () => {
    agent.failure = { status: 'PERMISSION_DENIED', detail: { code: 'access_denied', message: 'no' } };
    await mkdir(out);
    expect(await tbot('generate --socket $S application --app-name foo --out $O')).toMatchObject({ code: 3 });
    expect(await readdir(out)).toEqual([]);
  });
});

describe('what keeps the command from its work', () => {
  test('no agent: exit 4, and how to start it', async () => {
    const finished = await tbot('generate --socket /nowhere/socket application --app-name foo --out $O');
    expect(finished).toMatchObject({
      code: 4,
      stderr:
        'error: there is no socket at /nowhere/socket\nhint: start the agent with `tbot start -c tbot.yaml`, where tbot.yaml lists this path under `sockets`\n',
    });
  });

  test('an agent that does not answer: exit 4', async () => {
    agent.failure = 'silence';
    const finished = await tbot('generate --socket $S application --app-name foo --out $O --timeout 300ms');
    expect([finished.code, finished.stderr]).toEqual([4, expect.stringContaining('did not answer within 0.3 s')]);
  });

  test('a directory that cannot be used: nothing is asked for, the old set stays', async () => {
    await writeFile(out, 'precious');
    const finished = await tbot('generate --socket $S application --app-name foo --out $O');
    expect([finished.code, finished.stderr]).toEqual([2, `error: ${out} is not a directory\n`]);
    expect(agent.requests).toEqual([]);
    expect(await readFile(out, 'utf8')).toBe('precious');
  });
});

test('a second run replaces what is new and leaves the rest untouched', async () => {
  const line = 'generate --socket $S application --app-name foo --out $O';
  await tbot(line);
  const before = await Promise.all(FILES.map(async (name) => (await lstat(join(out, name))).ino));
  await tbot(line);
  const after = await Promise.all(FILES.map(async (name) => (await lstat(join(out, name))).ino));
  const changed = FILES.filter((_, index) => before[index] !== after[index]);
  expect(changed).toEqual(['identity', 'key', 'key-cert.pub', 'key.pub', 'tlscert']);
});

test.each(['--help', 'generate --help', 'generate application --help', 'generate k8s --help'])(
  'tbot %s shows how, with examples',
  async (line) => {
    const finished = await tbotInProcess(line);
    expect([finished.code, finished.stderr]).toEqual([0, '']);
    expect(finished.stdout).toContain('tbot generate');
    if (line !== '--help') expect(finished.stdout).toContain('Examples:');
  },
);
