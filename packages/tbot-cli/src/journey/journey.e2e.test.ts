import { X509Certificate } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { parseTlsIdentity } from '@teleport-ts/api-types';
import { runProgram } from '@teleport-ts/dev-cluster/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isInstalled } from '../../test-support/consumers.ts';
import { Journey, RFD_YAML, type StartedAgent, tbot, told } from '../../test-support/journey.ts';

// One credential's whole way, with the built programs: configuration, join, socket, files, application.

const hasCurl = await isInstalled('curl');
const hasSshKeygen = await isInstalled('ssh-keygen');

let journey: Journey;
/** For all who do not disturb each other. */
let shared: StartedAgent;
beforeAll(async () => {
  journey = await Journey.start();
  shared = await journey.agent({ socket: journey.fresh('my/tbot/socket') });
});
afterAll(() => journey[Symbol.asyncDispose]());

/** The RFD's command, word for word but for what has to be another. */
function rfdCommand(socket: string, out: string): string[] {
  return 'generate --socket /my/tbot/socket application --app-name foo --cluster bar --out file:///tmp/app-credentials --ttl 1m'
    .replace('/my/tbot/socket', socket)
    .replace('--cluster bar', '--cluster root.example')
    .replace('/tmp/app-credentials', out)
    .split(' ');
}

async function curlReaches(out: string, bot: string): Promise<void> {
  const { webCaPath, proxyAddress } = journey.cluster;
  const files = ['--cert', join(out, 'tlscert'), '--key', join(out, 'key')];
  const curl = await runProgram('curl', [
    ...['-sS', '--fail', '--cacert', webCaPath!, ...files, `https://${proxyAddress}/hello`],
  ]);
  expect({ code: curl.code, stderr: curl.stderr }).toEqual({ code: 0, stderr: '' });
  expect(JSON.parse(curl.stdout)).toMatchObject({ path: '/hello', caller: { user: `bot-${bot}`, bot } });
}

test('the configuration of the RFD is valid as it stands there', async () => {
  const path = journey.path('rfd.yaml');
  writeFileSync(path, RFD_YAML);
  const verdict = await tbot(['validate', '-c', path]);
  expect(verdict).toMatchObject({ code: 0, stderr: '' });
  expect(verdict.stdout).toContain('/my/tbot/socket; roles role-a, role-b; mode 0600');
});

describe('the configuration and the command of the RFD', () => {
  test.each([
    ['an auth service', async () => shared],
    [
      "a proxy's web address",
      async () => {
        const { proxyAddress: address, webCaPath } = journey.cluster;
        const env = { NODE_EXTRA_CA_CERTS: webCaPath };
        return await journey.agent({ address, env, socket: journey.fresh('my/tbot/socket') });
      },
    ],
  ])('through %s', async (_, start) => {
    const { socket, bot } = await start();
    expect(statSync(socket).mode & 0o777).toBe(0o600);
    const out = journey.fresh('app-credentials');
    const made = await tbot(rfdCommand(socket, out));
    expect(made).toMatchObject({ code: 0, stderr: '' });
    expect(made.stdout).toMatch(
      /^Wrote 9 files to .*\n {2}application {2}foo at foo\.localhost, cluster root\.example\n/,
    );

    expect(readdirSync(out).sort()).toEqual([
      ...['.write-test', 'identity', 'key', 'key-cert.pub', 'key.pub'],
      ...['teleport-database-ca.crt', 'teleport-host-ca.crt', 'teleport-user-ca.crt', 'tlscert'],
    ]);
    expect(statSync(out).mode & 0o777).toBe(0o700);
    for (const name of readdirSync(out)) expect(statSync(join(out, name)).mode & 0o777, name).toBe(0o600);

    const identity = parseTlsIdentity(readFileSync(join(out, 'tlscert')));
    expect(identity).toMatchObject({
      ...{ user: `bot-${bot}`, impersonator: `bot-${bot}`, roles: ['role-a', 'role-b'], disallowReissue: true },
      app: { name: 'foo', publicAddr: 'foo.localhost', clusterName: 'root.example' },
    });
    const lifeMs = identity.notAfter.getTime() - Date.now();
    expect(lifeMs).toBeGreaterThan(0);
    expect(lifeMs).toBeLessThanOrEqual(60_000);
    if (hasCurl) await curlReaches(out, bot);
  });
});

describe('what others make of the files', () => {
  let out: string;
  beforeAll(async () => {
    out = journey.fresh('consumed');
    expect(await journey.generateInProcess(shared.socket, out)).toMatchObject({ code: 0 });
  });

  test.runIf(hasCurl)('curl reaches the application, which knows the bot', () => curlReaches(out, shared.bot));

  test.runIf(hasSshKeygen)('ssh-keygen reads the SSH certificate', async () => {
    const shown = await runProgram('ssh-keygen', ['-L', '-f', join(out, 'key-cert.pub')]);
    expect(shown).toMatchObject({ code: 0, stderr: '' });
    expect(shown.stdout).toContain('user certificate');
    expect(shown.stdout).toContain(`Key ID: "bot-${shared.bot}"`);
    const [, , publicKey] = readFileSync(join(out, 'key.pub'), 'utf8').match(/^(\S+) (\S+)/) ?? [];
    expect(publicKey).toBeDefined();
    const fingerprint = await runProgram('ssh-keygen', ['-l', '-f', join(out, 'key.pub')]);
    expect(shown.stdout).toContain(fingerprint.stdout.split(' ')[1]!);
  });

  test('the certificate comes from the user authority beside it', () => {
    const certificate = new X509Certificate(readFileSync(join(out, 'tlscert')));
    const authority = new X509Certificate(readFileSync(join(out, 'teleport-user-ca.crt')));
    expect(certificate.verify(authority.publicKey)).toBe(true);
  });
});

test('the identity is renewed, and what is asked for meanwhile is issued; the store comes back without a token', async () => {
  const store = journey.fresh('store');
  const flags = ['--certificate-ttl', '1m', '--renewal-interval', '1s'];
  const { program, bot, socket } = await journey.agent({ store, flags });
  const identity = () => parseTlsIdentity(readFileSync(join(store, 'tlscert')));
  const first = identity();
  await expect.poll(() => identity().generation, { timeout: 20_000 }).toBeGreaterThanOrEqual(4);
  expect(identity().notAfter.getTime()).toBeGreaterThan(first.notAfter.getTime());
  expect(identity().botInstanceId).toBe(first.botInstanceId);
  expect(await journey.generateInProcess(socket, journey.fresh('renewed'))).toMatchObject({ code: 0 });

  program.kill('SIGTERM');
  expect(await program.finished).toMatchObject({ code: 0 });
  const again = await journey.agent({ store, bot, token: null });
  expect(identity().botInstanceId).toBe(first.botInstanceId);
  expect(await journey.generateInProcess(again.socket, journey.fresh('again'))).toMatchObject({ code: 0 });
});

test('a memory store needs a new token at each start, and says so before and after', async () => {
  expect(shared.program.stderr).toContain(
    'the store is in memory: after a restart the bot must join again, which needs a new token',
  );
  const again = await journey.refusedAgent({ bot: shared.bot, token: null });
  expect(again).toMatchObject({
    code: 2,
    told: [
      'error: there is no stored identity and no token to join with',
      'hint: a memory store forgets at each restart: make a new token and pass it by --token, or use a directory store',
    ].join('\n'),
  });
  const used = await journey.refusedAgent({ bot: shared.bot, token: shared.token! });
  expect(used.code).toBe(3);
  expect(used.told).toContain('used already');
});

test('two agents side by side, of two bots and of one', async () => {
  const one = await journey.newBot();
  const started = await Promise.all([
    journey.agent({ bot: one, store: journey.fresh('store') }),
    journey.agent({ bot: one, store: journey.fresh('store') }),
  ]);
  const agents = [...started, shared];
  const outs = agents.map(() => journey.fresh('side'));
  const made = await Promise.all(agents.map(({ socket }, index) => journey.generateInProcess(socket, outs[index]!)));
  expect(made.map(({ code }) => code)).toEqual([0, 0, 0]);
  const callers = outs.map((out) => parseTlsIdentity(readFileSync(join(out, 'tlscert'))));
  expect(callers.map(({ botName }) => botName)).toEqual(agents.map(({ bot }) => bot));
  expect(new Set(callers.map(({ botInstanceId }) => botInstanceId)).size).toBe(3);
});

test('many commands into one directory leave one whole set', async () => {
  const out = journey.fresh('contended');
  const made = await Promise.all(Array.from({ length: 4 }, () => journey.generate(shared.socket, out)));
  expect(made.map(({ code, stderr }) => [code, told(stderr)])).toEqual(made.map(() => [0, '']));
  const certificate = new X509Certificate(readFileSync(join(out, 'tlscert')));
  expect(
    certificate.checkPrivateKey((await import('node:crypto')).createPrivateKey(readFileSync(join(out, 'key')))),
  ).toBe(true);
  expect(readdirSync(out)).toHaveLength(9);
});

test('the quickstart, two at a time; the soak: twice in a row too', async () => {
  const require = createRequire(import.meta.url);
  const home = dirname(require.resolve('@teleport-ts/dev-cluster/package.json'));
  const temporary = journey.fresh('tmp');
  mkdirSync(temporary);
  const quickstart = (): ReturnType<typeof runProgram> =>
    runProgram(process.execPath, [join(home, '../quickstart/dist/main.js')], { env: { TMPDIR: temporary } });
  const finished = await Promise.all([quickstart(), quickstart()]);
  // Nothing is left for a next run to find, so that it runs too is no news.
  expect(readdirSync(temporary)).toEqual([]);
  if (process.env.SOAK) finished.push(await quickstart());
  for (const { code, stdout, stderr } of finished) {
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout.trim().split('\n').at(-1)).toMatch(/^quickstart: ok/);
    expect(stdout).toContain('error: this socket does not allow the role "auditor"');
  }
  expect(readdirSync(temporary)).toEqual([]);
}, 60_000);
