import { isTeleportError } from '@teleport-ts/api-types';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BotInCluster } from '../test-support/bot-in-cluster.ts';
import type { Bot } from './bot.ts';
import type { Identity } from './identity.ts';
import { generateKeyPair } from './keys/key-pair.ts';

const dev = { team: 'dev' };
const kinds = ['application', 'database', 'kubernetes'] as const;

/** What the role may see, and the names that discovery gave; some would be a query if they were pasted into one. */
const visible = ['foo', 'bar', 'a-b', 'found-1', 'found-2', 'found-3', 'found-4'];
const discovered = { 'found-1': 'one', 'found-2': 'x" || name != "', 'found-3': 'two', 'found-4': 'two' };
const hidden = ['secret', 'board'];

/** Which resource a name stands for; that is all there is to it. */
function oracle(kind: (typeof kinds)[number], name: string): string | 'not_found' | 'bad_parameter' {
  if (name === '') return 'bad_parameter';
  if (visible.includes(name)) return `=${name}`;
  if (kind === 'application') return 'not_found';
  const found = Object.entries(discovered).filter(([, label]) => label === name);
  if (found.length > 1) return 'bad_parameter';
  return found[0] ? `=${found[0][0]}` : 'not_found';
}

const piece = fc.constantFrom(
  ...[...visible, ...hidden, ...Object.values(discovered), 'name', 'labels["team"]', '"dev"', 'true', 'search('],
  ...['"', "'", '`', '\\', ' ', ' == ', ' != ', ' || ', ' && ', '!', '(', ')', '*', ',', '\n', '\0', '/', '%', '.'],
  ...['labels["teleport.internal/discovered-name"]', 'hasPrefix(name, "")', 'FOO', 'fоо', '\u200b', '😀', '\u2028'],
);
const hostile = fc.oneof(
  fc.constantFrom(...visible, ...hidden, ...Object.values(discovered)),
  fc.array(piece, { minLength: 1, maxLength: 6 }).map((pieces) => pieces.join('')),
);

describe('names', () => {
  let bots: BotInCluster;
  let bot: Bot;
  let tls: string;

  beforeAll(async () => {
    bots = await BotInCluster.start({ signatureSuite: 'balanced-v1' });
    const { cluster } = bots;
    cluster.upsertRole({ name: 'deployer', allow: { appLabels: dev, databaseLabels: dev, kubernetesLabels: dev } });
    const resources = [
      ...visible.map((name) => ({ name, labels: { ...dev, ...labelOf(name) } })),
      ...hidden.map((name) => ({ name, labels: { team: 'board', 'teleport.internal/discovered-name': 'x' } })),
    ];
    for (const resource of resources) {
      await cluster.addApplication(resource);
      cluster.addDatabase(resource);
      cluster.addKubernetesCluster(resource);
    }
    bot = await bots.joined();
    tls = (await generateKeyPair('ecdsa-p256')).tlsPublicKey;
  });
  afterAll(() => bots[Symbol.asyncDispose]());

  function labelOf(name: string): Record<string, string> {
    const label = (discovered as Record<string, string>)[name];
    return label === undefined ? {} : { 'teleport.internal/discovered-name': label };
  }

  it('stand for one resource at most, whatever is in them', async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...kinds), hostile, async (kind, name) => {
        const outcome = await bot.generateIdentity({ kind, name, keys: { tls } }).then(certified, (error: unknown) => {
          if (isTeleportError(error)) return error.code;
          throw error;
        });
        expect(outcome, JSON.stringify([kind, name])).toBe(oracle(kind, name));
      }),
      { numRuns: process.env.SOAK ? 10_000 : 100 },
    );
  }, 600_000);
});

/** The resource that a certificate is good for; its route says the same. */
function certified({ tls, route }: Identity): string {
  const names = [tls.app?.name, tls.database?.service, tls.kubernetesCluster].filter((name) => name !== undefined);
  const routes = [route?.application, route?.database, route?.kubernetes].flatMap((target) => target?.name ?? []);
  expect(routes).toEqual(names);
  return `=${names.join()}`;
}
