import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { generateCommandWith } from '../commands/generate.ts';
import { createProgram } from '../program.ts';
import type { GenerateArguments } from './arguments.ts';
import { fastGenerateArguments } from './fast-arguments.ts';

// The hand parser and the full one must never understand a command line in two ways.

async function fullParser(argv: readonly string[]): Promise<GenerateArguments> {
  let given: GenerateArguments | undefined;
  const command = generateCommandWith(async (read) => {
    given = read;
  });
  await createProgram(argv, [command]).parseAsync();
  if (!given) throw new Error('the command was not run');
  return given;
}

const runs = process.env.SOAK ? 3_000 : 60;

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
const valueName = fc.constantFrom(
  ...[
    '--app-name',
    '--app',
    '--cluster',
    '--out',
    '--destination',
    '--ttl',
    '--certificate-ttl',
    '--socket',
    '--timeout',
    '--roles',
  ],
);
const option = fc
  .tuple(valueName, value, fc.boolean())
  .map(([name, text, joined]) => (joined ? [`${name}=${text}`] : [name, text]));

describe('the hand parser', () => {
  test('reads every usual command line as the full parser does', async () => {
    const optional = fc.subarray(['--cluster', '--ttl', '--timeout', '--roles', '--socket'], { minLength: 0 });
    const plainValue = value.filter((text) => !text.startsWith('-') && !/["']/.test(text));
    await fc.assert(
      fc.asyncProperty(
        optional,
        fc.array(plainValue, { minLength: 8, maxLength: 8 }),
        fc.boolean(),
        fc.constantFrom('application', 'app'),
        fc.boolean(),
        async (names, values, joined, kind, naming) => {
          const words = ['--app-name', '--out', ...names].map((name, index) => [name, values[index]!] as const);
          const after = words.flatMap(([name, text]) => (joined ? [`${name}=${text}`] : [name, text]));
          const argv = ['generate', kind, ...after, ...(naming ? ['--specific-tls-naming'] : [])];
          const fast = fastGenerateArguments(argv);
          expect(fast).toBeDefined();
          expect(fast).toEqual(await fullParser(argv));
        },
      ),
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
      '--specific-tls-naming',
      '--specific-tls-naming=false',
      '--ttl=',
      '-s',
      '',
    );
    const word = fc.oneof(
      { weight: 6, arbitrary: option },
      { weight: 1, arbitrary: noise.map((text) => [text]) },
      { weight: 2, arbitrary: fc.constantFrom(['application'], ['app']) },
    );
    let read = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(word, { maxLength: 6 }), fc.boolean(), async (words, likely) => {
        const ready = likely ? ['application', '--app-name', 'foo', '--out', '/tmp/x'] : [];
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
    'generate application',
    'generate application --app-name foo',
    'generate application --app-name foo --out /tmp/x --help',
    'generate application --app-name foo --out /tmp/x --app bar',
    'generate application --app-name foo --out /tmp/x --ttl',
    'generate application --app-name --out /tmp/x',
    'generate application app --app-name foo --out /tmp/x',
    'generate --app-name foo application --out /tmp/x',
    'generate database --app-name foo --out /tmp/x',
    'generate application --app-name foo --out /tmp/x -- more',
  ])('leaves %j to the full one', (line) => {
    expect(fastGenerateArguments(line.split(' '))).toBeUndefined();
  });
});
