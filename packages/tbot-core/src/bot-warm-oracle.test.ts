import { isTeleportError } from '@teleport-ts/api-types';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { BotInCluster, until } from '../test-support/bot-in-cluster.ts';
import type { Bot } from './bot.ts';
import { ROUTE_TRUST_MS } from './cluster/kept-routes.ts';

// Whatever happens to an application while it is asked for, an answer is what the cluster would have said at some moment
// between a second before the question and the answer.

const [numRuns, size, timeoutMs] = process.env.SOAK ? [100, 200, 900_000] : [4, 30, 60_000];

let bots: BotInCluster;
let bot: Bot;
beforeAll(async () => {
  bots = await BotInCluster.start();
});
beforeEach(async () => {
  await bots.restore();
  bot = await bots.joined();
  await until(() => bot.status().authorityWatch.state === 'healthy');
});
afterAll(() => bots[Symbol.asyncDispose]());

type Step =
  | { readonly do: 'move'; readonly to: string }
  | { readonly do: 'label' | 'allow'; readonly team: string }
  | { readonly do: 'ask'; readonly callers: number; readonly wait: boolean }
  | { readonly do: 'pass'; readonly ms: number }
  | { readonly do: 'cut' }
  | { readonly do: 'remove' };

const team = fc.constantFrom('dev', 'dev', 'board');
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('move'), to: fc.constantFrom('a.test', 'b.test', 'c.test') }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('label', 'allow'), team }) },
  {
    weight: 8,
    arbitrary: fc.record({ do: fc.constant('ask'), callers: fc.integer({ min: 1, max: 4 }), wait: fc.boolean() }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('pass'), ms: fc.integer({ min: 1, max: 1_500 }) }) },
  { weight: 1, arbitrary: fc.constant({ do: 'cut' }) },
  { weight: 1, arbitrary: fc.constant({ do: 'remove' }) },
) as fc.Arbitrary<Step>;

/** What the cluster would say, and since when. */
class Oracle {
  #there = true;
  #address = 'a.test';
  #label = 'dev';
  #allowed = 'dev';
  readonly #said: { readonly from: number; readonly word: string }[] = [];

  constructor() {
    this.#say();
  }

  get now(): number {
    return this.#said.length - 1;
  }

  async apply(change: Step): Promise<void> {
    if (change.do === 'remove' && !this.#there) return;
    if (change.do === 'move') [this.#address, this.#there] = [change.to, true];
    if (change.do === 'label') [this.#label, this.#there] = [change.team, true];
    if (change.do === 'allow') this.#allowed = change.team;
    if (change.do === 'remove') this.#there = false;
    // Both words count while the cluster is being told.
    this.#say();
    const labels = { team: this.#label };
    if (change.do === 'allow')
      bots.cluster.upsertRole({ name: 'deployer', allow: { appLabels: { team: this.#allowed } } });
    else if (change.do === 'remove') bots.cluster.removeApplication('foo');
    else await bots.cluster.addApplication({ name: 'foo', labels, publicAddr: this.#address });
  }

  /** All that it has said from a moment to a word. */
  words(fromMs: number, last: number): Set<string> {
    const first = this.#said.findLastIndex(({ from }) => from <= fromMs);
    return new Set(this.#said.slice(Math.max(0, first), last + 1).map(({ word }) => word));
  }

  #say(): void {
    const word = this.#there && this.#label === this.#allowed ? this.#address : 'not_found';
    this.#said.push({ from: bots.clock.now(), word });
  }
}

it('answers with what the cluster says, and never with what it said more than a second ago', {
  timeout: timeoutMs,
}, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: size }), async (steps) => {
      bots.cluster.upsertRole({ name: 'deployer', allow: { appLabels: { team: 'dev' } } });
      await bots.cluster.addApplication({ name: 'foo', labels: { team: 'dev' }, publicAddr: 'a.test' });
      await bots.clock.advance(ROUTE_TRUST_MS + 1);
      const oracle = new Oracle();
      const wrong: string[] = [];
      const asked: Promise<void>[] = [];
      const ask = async (): Promise<void> => {
        const fromMs = bots.clock.now() - ROUTE_TRUST_MS;
        const answer = await bot.generateIdentity({ kind: 'application', name: 'foo' }).then(
          ({ tls }) => tls.app?.publicAddr ?? '',
          (error: unknown) => (isTeleportError(error) ? error.code : String(error)),
        );
        const words = oracle.words(fromMs, oracle.now);
        if (!words.has(answer)) wrong.push(`${answer}, not one of ${[...words]}`);
      };
      for (const each of steps) {
        if (each.do === 'pass') await bots.clock.advance(each.ms);
        else if (each.do === 'cut') bots.cluster.resetWatches();
        else if (each.do !== 'ask') await oracle.apply(each);
        else {
          const now = Array.from({ length: each.callers }, ask);
          if (each.wait) await Promise.all(now);
          else asked.push(...now);
        }
      }
      await Promise.all(asked);
      expect(wrong).toEqual([]);
    }),
    { numRuns },
  );
});
