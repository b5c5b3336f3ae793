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
      },
      sockets: [
        { path: '/run/tbot/ci.sock', roles: ['a', 'b'], issued: 12, refused: 3, failed: 0 },
        {
          path: '/run/tbot/x',
          roles: [],
          issued: 0,
          refused: 0,
          failed: 1,
          lastError: 'no answer',
          lastErrorAt: new Date(now),
        },
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
last error    no route to host, 2026-01-02T02:59:55.000Z (5s ago)

SOCKET             ROLES  ISSUED  REFUSED  FAILED  LAST ERROR
/run/tbot/ci.sock  a,b    12      3        0
/run/tbot/x        (all)  0       0        1       no answer, 2026-01-02T03:00:00.000Z (in 0s)
`);
});

test('an agent that has no bot', () => {
  expect(statusText({ agentVersion: '1.18.0', started: new Date(now), sockets: [] }, now)).toBe(
    'agent         1.18.0, since 2026-01-02T03:00:00.000Z (in 0s)\nbot           not running\n',
  );
});
