import { GetStatusResponse } from '@teleport-ts/tbot-core/proto';
import { expect, test } from 'vitest';
import { shownStatus } from './shown-status.ts';

const status = GetStatusResponse.fromPartial({
  agentVersion: '1.18.0',
  bot: { botName: 'ci' },
  sockets: [
    { path: '/run/tbot/ci.sock', roles: ['deployer'] },
    { path: '/run/tbot/db.sock', roles: ['dba'], lastError: 'there is no database "salaries"' },
  ],
});

const pathsFor = (peer: { uid: number } | undefined): string[] =>
  shownStatus(status, '/run/tbot/ci.sock', peer && { ...peer, gid: 1000, pid: 1, groups: [] }, 990).sockets.map(
    ({ path }) => path,
  );

test.each([0, 990])('uid %i runs the agent and sees all sockets', (uid) => {
  expect(pathsFor({ uid })).toEqual(['/run/tbot/ci.sock', '/run/tbot/db.sock']);
});

test('another user, and one who is not known, sees the bot and its own socket', () => {
  expect(pathsFor({ uid: 1000 })).toEqual(['/run/tbot/ci.sock']);
  expect(pathsFor(undefined)).toEqual(['/run/tbot/ci.sock']);
  expect(shownStatus(status, '/run/tbot/ci.sock', undefined, 990).bot?.botName).toBe('ci');
});
