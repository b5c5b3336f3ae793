import type { AgentDescription } from '@teleport-ts/tbot-core/client';
import { expect, test } from 'vitest';
import { judge } from './dry-run.ts';

test('what a database is asked with is told', () => {
  const agent = {
    socket: '/run/tbot.sock',
    roles: ['dba'],
    kinds: ['database'],
    names: new Map(),
    cluster: 'root.example',
    clusters: ['root.example'],
    minTtlMs: 60_000,
    maxTtlMs: 3_600_000,
    defaultTtlMs: 3_600_000,
  } as unknown as AgentDescription;
  const request = { kind: 'database', name: 'pg', username: 'reader', database: 'main' } as const;
  expect(judge(request, agent)).toEqual({
    exitCode: 0,
    text: `Would be asked for:
  socket       /run/tbot.sock
  database     pg as reader database main
  cluster      root.example
  roles        dba
  lifetime     1h0m0s
`,
  });
});
