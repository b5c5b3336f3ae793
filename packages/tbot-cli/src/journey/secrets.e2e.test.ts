import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Journey, tbotInProcess } from '../../test-support/journey.ts';

// All that a run prints and records, with --debug, searched for what must not be there.

let journey: Journey;
beforeAll(async () => {
  journey = await Journey.start();
});
afterAll(() => journey[Symbol.asyncDispose]());

/** A text, and the forms in which it may turn up: as it is, in JSON, in base64, in hex. */
function forms(secret: string): string[] {
  const bytes = Buffer.from(secret);
  return [secret, JSON.stringify(secret).slice(1, -1), bytes.toString('base64'), bytes.toString('hex')];
}

/** What gives a PEM key away: the whole, each of its lines, and its bytes in the other encodings. */
function formsOfKey(pem: string): string[] {
  const body = pem.replace(/-----[^-]+-----/g, '').trim();
  const der = Buffer.from(body, 'base64');
  return [...forms(pem.trim()), ...body.split('\n').filter((line) => line.length >= 32), der.toString('hex')];
}

test.each([
  ['json', 'on the command line'],
  ['text', 'in the environment'],
])('no key and no token in what is printed and recorded, %s, with the token %s', async (format, place) => {
  const store = journey.fresh('store');
  const audit = journey.fresh('audit.log');
  const bot = await journey.newBot();
  const token = await journey.cluster.createToken({ botName: bot });
  const given =
    place === 'in the environment' ? { token: null, env: { TBOT_DEBUG: '1', TELEPORT_BOT_TOKEN: token } } : { token };
  const { program, socket } = await journey.agent({
    ...{ bot, store },
    more: `  audit: { file: ${audit} }\n  max_ttl: 10m`,
    flags: ['--debug', '--log-format', format, '--renewal-interval', '1s'],
    ...given,
  });
  const out = journey.fresh('out');
  const certificateBefore = readFileSync(join(store, 'tlscert'), 'utf8');
  const finished = [
    await journey.generate(socket, out, ['--ttl', '1h']),
    await journey.generateInProcess(socket, journey.fresh('refused'), ['--roles', 'role-c']),
    await tbotInProcess(['status', '--socket', socket]),
    await tbotInProcess(['status', '--socket', socket, '--format', 'json']),
  ];
  expect(finished.map(({ code }) => code)).toEqual([0, 3, 0, 0]);
  // A renewal, one that fails, and the end of the cluster belong to the run.
  await expect
    .poll(() => readFileSync(join(store, 'tlscert'), 'utf8'), { timeout: 20_000 })
    .not.toBe(certificateBefore);
  journey.cluster.faults.next('GenerateUserCerts', { code: 2, message: `injected, with ${token} in it` });
  await expect.poll(() => program.stderr, { timeout: 20_000 }).toContain('injected, with');
  program.kill('SIGTERM');
  const agent = await program.finished;
  const refused = await journey.refusedAgent({
    bot,
    flags: ['--debug', '--log-format', format],
    ...given,
  });
  expect(refused.code).toBe(3);

  const recorded = readFileSync(audit, 'utf8');
  const printed = [agent, refused, ...finished].map((end) => `${'stdout' in end ? end.stdout : ''}${end.stderr}`);
  const all = [...printed, recorded].join('\n');
  // What is searched is there: the log in detail, both decisions, both tables.
  expect(all).toMatch(/"level":"debug"|\bDEBUG\b|\bdebug\b/i);
  expect(
    recorded
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).outcome),
  ).toEqual(['issued', 'refused']);
  expect(all).toContain(bot);

  const secrets = [
    ...forms(token),
    ...formsOfKey(readFileSync(join(out, 'key'), 'utf8')),
    ...formsOfKey(readFileSync(join(store, 'key'), 'utf8')),
  ];
  expect(secrets.filter((secret) => all.includes(secret))).toEqual([]);
  expect(all).not.toMatch(/PRIVATE KEY|-----BEGIN/);
  if (format === 'json') for (const line of agent.stderr.trim().split('\n')) JSON.parse(line);
});
