import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseTlsIdentity } from '@teleport-ts/api-types';
import type { Finished } from '@teleport-ts/dev-cluster/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Journey, type StartedAgent, told } from '../../test-support/journey.ts';

// kill -9 at any moment: no torn file, and the agent comes back without a token, unless it was killed between the
// cluster's count and its own disk.

/** The least in which every moment has its turn: at the join, while it starts again, while it renews. The soak does more. */
const ROUNDS = process.env.SOAK ? 200 : 3;

let journey: Journey;
/** Runs beside the agents that are killed; the last test ends it. */
let bystander: StartedAgent;
let kept: string;
beforeAll(async () => {
  journey = await Journey.start();
  kept = journey.fresh('store');
  bystander = await journey.agent({ store: kept });
});
afterAll(() => journey[Symbol.asyncDispose]());

/** Key and certificate of a directory, as whoever reads it right now finds them, belong together. */
function expectWhole(directory: string): void {
  const certificate = new X509Certificate(readFileSync(join(directory, 'tlscert')));
  const key = createPrivateKey(readFileSync(join(directory, 'key')));
  expect(certificate.checkPrivateKey(key), directory).toBe(true);
}

/** The store as the next agent takes it: a commit that was begun is finished there, so files may still be on their way. */
const committed = (store: string): boolean => !readdirSync(store).includes('.commit.json');

const generationIn = (store: string): number =>
  parseTlsIdentity(readFileSync(join(store, 'tlscert'))).generation ?? Number.NaN;

/** How many renewals of the bot the cluster has answered since a number of calls. */
const counted = (bot: string, since: number): number =>
  journey.cluster.calls
    .list('GenerateUserCerts')
    .slice(since)
    .filter(({ user, code }) => user === `bot-${bot}` && code === 0).length;

test(`the agent, ${ROUNDS} times at a random moment`, async () => {
  const store = journey.fresh('store');
  const flags = ['--renewal-interval', '1s'];
  const socket = journey.fresh('socket');
  const bot = await journey.newBot();
  const start = (token: string | null): Promise<StartedAgent> =>
    journey.startAgent({ store, bot, socket, token, flags });
  const newToken = (): Promise<string> => journey.cluster.createToken({ botName: bot });

  /** It ended by itself: nothing but a lock for a renewal that was counted and never came here may do that. */
  const expectLocked = ({ code, stderr }: Finished): void => {
    expect(code, stderr).toBe(5);
    expect(told(stderr)).toMatch(new RegExp(`^error: .*bot-${bot}`, 'm'));
    expect(told(stderr)).toMatch(/^hint: .*tctl rm lock\/.*new token/m);
    expect(journey.cluster.locks.map(({ Spec }) => Spec?.Target?.User)).toContain(`bot-${bot}`);
    for (const lock of journey.cluster.locks) journey.cluster.unlock(lock.Metadata!.Name);
  };

  let token: string | null = await newToken();
  let locked = 0;
  let generation = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const { program } = await start(token);
    // Now while it starts, which is a renewal too, now while it runs and renews; a join is not what is promised.
    const soon = token === null && round % 3 === 1;
    const ready = program.printed(/\bready\b/).catch(() => {});
    await Promise.race([program.finished, soon ? sleep(300 + Math.random() * 900) : ready]);
    if (!soon && program.running) await sleep(Math.random() * 1500);
    program.kill('SIGKILL');
    const end = await program.finished;
    if (end.signal === null) {
      locked += 1;
      expectLocked(end);
      token = await newToken();
      generation = 0;
      continue;
    }
    token = null;
    if (committed(store)) {
      expectWhole(store);
      expect(generationIn(store)).toBeGreaterThanOrEqual(generation);
      generation = generationIn(store);
    }
  }
  const { program } = await start(token);
  const back = await program.printed(/\bready\b/).then(
    () => true,
    () => false,
  );
  if (back) program.kill('SIGTERM');
  else expectLocked(await program.finished);
  if (back) expect(await program.finished).toMatchObject({ code: 0 });
  expectWhole(store);
  console.log(`kill -9 of the agent: ${ROUNDS} rounds, ${locked} of them cut between the cluster's count and the disk`);
}, 1_800_000);

test(`the command, ${ROUNDS} times at a random moment: the set is the old one or the new one`, async () => {
  const { socket } = bystander;
  const out = journey.fresh('out');
  expect(await journey.generateInProcess(socket, out)).toMatchObject({ code: 0 });
  for (let round = 0; round < ROUNDS; round++) {
    const command = journey.startGenerate(socket, out);
    await sleep(40 + Math.random() * 250);
    command.kill('SIGKILL');
    await command.finished;
    if (!readdirSync(out).includes('.commit.json')) expectWhole(out);
  }
  expect(await journey.generateInProcess(socket, out)).toMatchObject({ code: 0 });
  expectWhole(out);
  expect(readdirSync(out)).toHaveLength(9);
}, 600_000);

test('between the count and the disk: exit 5 tells which locks must go and that a new token is needed', async () => {
  const store = kept;
  const { bot, program: first } = bystander;
  first.kill('SIGTERM');
  await first.finished;

  const since = journey.cluster.calls.count('GenerateUserCerts');
  journey.cluster.faults.next('GenerateUserCerts', 'lost');
  const { program } = await journey.startAgent({ store, bot, token: null });
  await expect.poll(() => counted(bot, since) > 0 || !program.running, { interval: 10, timeout: 20_000 }).toBe(true);
  program.kill('SIGKILL');
  await program.finished;

  const refused = await journey.refusedAgent({ store, bot, token: null });
  expect(refused.code).toBe(5);
  expect(refused.told).toMatch(new RegExp(`^error: .*bot-${bot}`));
  expect(refused.told).toMatch(
    new RegExp(
      `^hint: .*\`tctl get locks\`, then \`tctl rm lock/<name>\` for each that targets bot-${bot}.*new token`,
      'm',
    ),
  );
  expectWhole(store);

  // A new token alone is of no use while the locks are there, and is not used up by the try.
  const token = await journey.cluster.createToken({ botName: bot });
  const early = await journey.refusedAgent({ store, bot, token });
  expect(early).toMatchObject({ code: 5, told: expect.stringContaining('the token was not used up') });
  for (const lock of journey.cluster.locks) journey.cluster.unlock(lock.Metadata!.Name);
  const back = await journey.agent({ store, bot, token });
  expect(await journey.generateInProcess(back.socket, journey.fresh('out'))).toMatchObject({ code: 0 });
});
