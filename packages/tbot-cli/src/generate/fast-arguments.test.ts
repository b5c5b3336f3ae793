import type { CredentialKind } from '@teleport-ts/tbot-core/client';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { generateCommandWith } from '../commands/generate.ts';
import { createProgram } from '../program.ts';
import { FLAG_OPTIONS, type GenerateArguments, KIND_WORDS, type OptionShape, VALUE_OPTIONS } from './arguments.ts';
import { fastGenerateArguments } from './fast-arguments.ts';

// The hand parser and the full one must never understand a command line in two ways.

async function fullParser(argv: readonly string[]): Promise<GenerateArguments> {
  let given: GenerateArguments | undefined;
  const command = generateCommandWith(async (read) => {
    given = read;
    return 0;
  });
  await createProgram(argv, [command]).parseAsync();
  if (!given) throw new Error('the command was not run');
  return given;
}

const runs = process.env.SOAK ? 3_000 : 25;

const value = fc.oneof(
  fc.constantFrom(
    'foo',
    '1m',
    'file:///tmp/app-credentials',
    'a,b',
    '007',
    '1e3',
    'true',
    'x=y',
    '"quoted"',
    "it's",
    'a.b',
    '=',
    ' ',
    'app',
  ),
  fc.string({ minLength: 1, maxLength: 8 }),
);
const shapes = Object.values(VALUE_OPTIONS);
const valueName = fc.constantFrom('--roles', ...shapes.flatMap(({ names }) => names.map((name) => `--${name}`)));
const flags = Object.values(FLAG_OPTIONS);
const flagName = fc.constantFrom(...flags.flatMap(({ names }) => names.map((name) => `--${name}`)));
const kindWord = fc.constantFrom(...Object.values(KIND_WORDS).flat());
const option = fc
  .tuple(valueName, value, fc.boolean())
  .map(([name, text, joined]) => (joined ? [`${name}=${text}`] : [name, text]));

describe('the hand parser', () => {
  test('reads every usual command line as the full parser does', async () => {
    const known = ({ kinds }: OptionShape, kind: CredentialKind): boolean => !kinds || kinds.includes(kind);
    const plainValue = value.filter((text) => !text.startsWith('-') && !/["']/.test(text));
    const usualLine = fc.constantFrom(...(Object.keys(KIND_WORDS) as CredentialKind[])).chain((kind) => {
      const names = (all: readonly OptionShape[]): string[] =>
        all.filter((shape) => known(shape, kind)).map((shape) => `--${shape.names.at(-1)}`);
      return fc.record({
        word: fc.constantFrom(...KIND_WORDS[kind]),
        names: fc.subarray([...names(shapes), '--roles']),
        flagNames: fc.subarray(names(flags)),
        values: fc.array(plainValue, { minLength: 14, maxLength: 14 }),
        joined: fc.boolean(),
        exec: fc.option(fc.array(fc.oneof(plainValue, fc.constantFrom('--out', '--', '-c')), { minLength: 1 })),
      });
    });
    await fc.assert(
      fc.asyncProperty(usualLine, async ({ word, names, flagNames, values, joined, exec }) => {
        const words = names.flatMap((name, index) => (joined ? [`${name}=${values[index]}`] : [name, values[index]!]));
        const command = exec ? ['--exec', ...exec] : [];
        const argv = ['generate', word, ...flagNames, ...words, ...command];
        const fast = fastGenerateArguments(argv);
        if (exec?.every((part) => part === '--')) return;
        expect(fast).toBeDefined();
        expect(fast).toEqual(await fullParser(argv));
      }),
      { numRuns: runs },
    );
  }, 600_000);

  test('never reads a line that the full parser reads otherwise, or refuses', async () => {
    const noise = fc.constantFrom(
      '--help',
      '-h',
      '--version',
      '--',
      '-',
      '--nope',
      '--app-name',
      '--roles',
      'more',
      '--no-ttl',
      '--specific-tls-naming=false',
      '--wait=true',
      '--exec',
      '--ttl=',
      '-s',
      '',
    );
    const word = fc.oneof(
      { weight: 6, arbitrary: option },
      { weight: 1, arbitrary: noise.map((text) => [text]) },
      { weight: 2, arbitrary: flagName.map((name) => [name]) },
      { weight: 2, arbitrary: kindWord.map((word) => [word]) },
    );
    let read = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(word, { maxLength: 6 }), fc.boolean(), async (words, likely) => {
        const ready = likely ? ['database', '--service', 'foo', '--out', '/tmp/x'] : [];
        const argv = ['generate', ...ready, ...words.flat()];
        const fast = fastGenerateArguments(argv);
        if (!fast) return;
        read++;
        expect(fast).toEqual(await fullParser(argv));
      }),
      { numRuns: runs * 3 },
    );
    expect(read).toBeGreaterThan(runs / 20);
  }, 600_000);

  test('reads the command of the RFD', () => {
    const line =
      'generate --socket /my/tbot/socket application --app-name foo --cluster bar --out file:///tmp/app-credentials --ttl 1m';
    expect(fastGenerateArguments(line.split(' '))).toEqual({
      kind: 'application',
      socket: '/my/tbot/socket',
      appName: 'foo',
      cluster: 'bar',
      out: 'file:///tmp/app-credentials',
      ttl: '1m',
    });
  });

  test.each([
    '',
    'start -c x',
    'generate',
    'generate application --service foo',
    'generate application --app-name foo --out /tmp/x --help',
    'generate application --app-name foo --exec',
    'generate application --app-name foo --exec --',
    'generate application --wait --wait',
    'generate --wait application',
    'generate application --app-name foo --out /tmp/x --app bar',
    'generate application --app-name foo --out /tmp/x --ttl',
    'generate application --app-name --out /tmp/x',
    'generate application app --app-name foo --out /tmp/x',
    'generate --app-name foo application --out /tmp/x',
    'generate database --app-name foo --out /tmp/x',
    'generate tunnel --app-name foo --out /tmp/x',
    'generate application --app-name foo --out /tmp/x -- more',
  ])('leaves %j to the full one', (line) => {
    expect(fastGenerateArguments(line.split(' '))).toBeUndefined();
  });
});
