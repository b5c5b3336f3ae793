import { expect, test } from 'vitest';
import { statusText } from './status-text.ts';

const now = Date.parse('2026-01-02T03:00:00Z');

test('an agent for people', () => {
  const text = statusText(
    {
      agentVersion: '1.18.0',
      started: new Date(now - 3_600_000),
      bot: {
        state: 'degraded',
        botName: 'ci',
        botInstanceId: 'c0ffee',
        cluster: 'root.example',
        address: 'proxy.example:443',
        serverVersion: '18.0.0',
        generation: 7,
        expires: new Date(now + 1_800_000),
        nextRenewal: new Date(now + 60_000),
        lastError: 'no route to host',
        lastErrorAt: new Date(now - 5000),
        warmSessions: 2,
      },
      sockets: [
        {
          path: '/run/tbot/ci.sock',
          roles: ['a', 'b'],
          kinds: ['application', 'kubernetes'],
          connections: 4,
          streams: 1,
          issued: 12,
          refused: 3,
          failed: 0,
        },
        {
          path: '/run/tbot/x',
          roles: [],
          kinds: ['identity'],
          connections: 0,
          streams: 0,
          issued: 0,
          refused: 0,
          failed: 1,
          lastError: 'no answer',
          lastErrorAt: new Date(now),
        },
      ],
      services: [
        { name: 'ca-watch', state: 'running' },
        { name: 'heartbeat', state: 'failing', lastError: 'denied', lastErrorAt: new Date(now - 60_000) },
      ],
    },
    now,
  );
  expect(text).toBe(`agent         1.18.0, since 2026-01-02T02:00:00.000Z (1h0m0s ago)
bot           ci, degraded
cluster       root.example, at proxy.example:443, 18.0.0
instance      c0ffee, generation 7
expires       2026-01-02T03:30:00.000Z (in 30m0s)
next renewal  2026-01-02T03:01:00.000Z (in 1m0s)
warm          2 role sets
last error    no route to host, 2026-01-02T02:59:55.000Z (5s ago)

SOCKET             ROLES  KINDS                   ISSUED  REFUSED  FAILED  CONNECTIONS  STREAMS  LAST ERROR
/run/tbot/ci.sock  a,b    application,kubernetes  12      3        0       4            1
/run/tbot/x        (all)  identity                0       0        1       0            0        no answer, 2026-01-02T03:00:00.000Z (in 0s)

SERVICE    STATE    LAST ERROR
ca-watch   running
heartbeat  failing  denied, 2026-01-02T02:59:00.000Z (1m0s ago)
`);
});

test('an agent that has no bot', () => {
  expect(statusText({ agentVersion: '1.18.0', started: new Date(now), sockets: [], services: [] }, now)).toBe(
    'agent         1.18.0, since 2026-01-02T03:00:00.000Z (in 0s)\nbot           not running\n',
  );
});
