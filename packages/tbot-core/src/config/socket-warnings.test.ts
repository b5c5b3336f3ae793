import { expect, test } from 'vitest';
import { parseConfig } from './load-config.ts';

const warningsOf = (lines: string): readonly string[] =>
  parseConfig(`auth_server: a:3025\nsockets: [{ path: /s, ${lines} }]`).warnings;

test.each(['applications: [a]', 'databases: [a]', 'kubernetes_clusters: [a]', 'clusters: [a]'])(
  '%s beside identity certificates is no limit of what these open',
  (line) => {
    expect(warningsOf(line)).toEqual([
      `sockets[0]: ${line.split(':')[0]} limits what is asked for, not what a certificate opens, since the kind identity is served too: its certificates are good for whatever their roles may do; write kinds without it (of application, database, kubernetes), or limit the roles`,
    ]);
    expect(warningsOf(`${line}, kinds: [application, database, kubernetes]`)).toEqual([]);
  },
);

test('several limits are told in one line', () => {
  expect(warningsOf('applications: [a], databases: [b], clusters: [c]')).toEqual([
    expect.stringContaining('applications and databases and clusters limit what is asked for'),
  ]);
});

test('names of a kind that is not served have no effect', () => {
  expect(warningsOf('kinds: [database], applications: [a]')).toEqual([
    'sockets[0]: applications has no effect, since kinds leaves out application',
  ]);
  expect(warningsOf('kinds: [identity], applications: [a]')).toHaveLength(1);
});
