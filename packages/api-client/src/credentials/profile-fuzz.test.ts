import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { inspect } from 'node:util';
import { isTeleportError } from '@teleport-ts/api-types';
import { TemporaryDirectory } from '@teleport-ts/dev-cluster/testing';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TestPki } from '../../test-support/pki.ts';
import { tshFiles } from '../../test-support/tsh-tree.ts';
import { loadIdentityFile } from './identity-file.ts';
import { loadProfile } from './load-profile.ts';

const cases = process.env.SOAK ? 10_000 : 200;
const timeoutMs = process.env.SOAK ? 600_000 : 120_000;
const pki = new TestPki('root.test');
const alice = pki.user();
const good = tshFiles(alice);
const paths = Object.keys(good);
const secrets = alice.key.split('\n').slice(1, -2);

/** What happens to one file of a tree. */
type Damage = (text: string) => string | Uint8Array | 'folder' | 'circle' | 'missing';

const cut = fc.nat().map(
  (at): Damage =>
    (text) =>
      text.slice(0, at % (text.length + 1)),
);
const flipped = fc.tuple(fc.nat(), fc.nat(255)).map(
  ([at, byte]): Damage =>
    (text) => {
      const bytes = Buffer.from(text);
      bytes[at % bytes.length] = byte;
      return bytes;
    },
);
const swapped = fc.constantFrom(...Object.values(good)).map(
  (other): Damage =>
    () =>
      other,
);
const doubled = fc.constant<Damage>((text) => text + text);
const noise = fc.uint8Array({ maxLength: 200 }).map(
  (bytes): Damage =>
    () =>
      bytes,
);
const words = fc.constantFrom(
  'web_proxy_addr: ',
  'user: ',
  '../../..',
  '\0',
  '-----BEGIN ',
  '"',
  "'",
  ': |\n',
  '-----END RSA PRIVATE KEY-----\n',
);
const written = fc.array(fc.oneof(words, fc.string({ unit: 'binary', maxLength: 20 })), { maxLength: 8 }).map(
  (parts): Damage =>
    () =>
      parts.join(''),
);
const gone = fc.constantFrom<Damage>(
  () => 'missing',
  () => 'folder',
  () => 'circle',
);
const damage = fc.oneof(cut, flipped, swapped, doubled, noise, written, gone);

async function put(path: string, content: ReturnType<Damage>): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  if (content === 'missing') return;
  if (content === 'folder') await mkdir(path);
  else if (content === 'circle') await symlink(path, path);
  else await writeFile(path, content);
}

/** What came out: a credential that hangs together, or an error that says what is wrong and no secret. */
function checkOutcome(outcome: PromiseSettledResult<unknown>): void {
  if (outcome.status === 'fulfilled') return;
  const error: unknown = outcome.reason;
  if (!isTeleportError(error)) throw new Error('an error of another sort', { cause: error });
  expect(['bad_parameter', 'not_found', 'not_implemented', 'access_denied']).toContain(error.code);
  const shown = inspect(error, { depth: 6 });
  for (const secret of secrets) expect(shown).not.toContain(secret);
}

test('a damaged tree of tsh gives a credential or an error that is typed', { timeout: timeoutMs }, async () => {
  await using folder = await TemporaryDirectory.create();
  let count = 0;
  let taken = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.constantFrom(...paths), damage), { minLength: 1, maxLength: 3 }),
      async (all) => {
        count += 1;
        const root = join(folder.path, String(count));
        const damages = new Map(all);
        for (const [path, text] of Object.entries(good)) await put(join(root, path), damages.get(path)?.(text) ?? text);
        const source = loadProfile(root);
        const [set, addresses] = await Promise.allSettled([source.current(), source.addresses?.()]);
        checkOutcome(set);
        checkOutcome(addresses);
        if (set.status === 'fulfilled') {
          taken += 1;
          expect(set.value.privateKeyPem()).toBe(await unchangedKey());
        }
        for (const path of source.paths?.() ?? []) expect(path.startsWith(`${root}/`)).toBe(true);
        await rm(root, { recursive: true });
      },
    ),
    { numRuns: cases },
  );
  // A test in which nothing, or everything, gets through shows nothing.
  expect(taken).toBeGreaterThan(0);
  expect(taken).toBeLessThan(cases);
});

test('a damaged identity file too', { timeout: timeoutMs }, async () => {
  await using folder = await TemporaryDirectory.create();
  const text = alice.key + alice.cert + alice.ca;
  let taken = 0;
  let count = 0;
  await fc.assert(
    fc.asyncProperty(damage, async (change) => {
      count += 1;
      const path = folder.join(String(count));
      await put(path, change(text));
      const [outcome] = await Promise.allSettled([loadIdentityFile(path).current()]);
      if (outcome) checkOutcome(outcome);
      if (outcome?.status === 'fulfilled') taken += 1;
    }),
    { numRuns: cases },
  );
  expect(taken).toBeLessThan(cases);
});

async function unchangedKey(): Promise<string> {
  const { loadTLS } = await import('./load-tls.ts');
  return (await loadTLS(alice).current()).privateKeyPem() ?? '';
}
