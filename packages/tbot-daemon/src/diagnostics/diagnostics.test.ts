import { readFileSync } from 'node:fs';
import { TeleportError, toTimestamp } from '@teleport-ts/api-types';
import { FakeClock } from '@teleport-ts/dev-cluster/testing';
import { type BotStatus, type IdentityRequest, silentLogger } from '@teleport-ts/tbot-core';
import { GetStatusResponse } from '@teleport-ts/tbot-core/proto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Diagnostics } from './diagnostics.ts';

const CI = '/run/tbot/ci.sock';
const WEB = '/run/tbot/web.sock';

let clock: FakeClock;
let diagnostics: Diagnostics;
let bot: Partial<BotStatus>;
let botStatus: object;
let waiting: TeleportError | undefined;
let issue: (request: IdentityRequest) => Promise<unknown>;
const asked: IdentityRequest[] = [];

beforeEach(async () => {
  clock = new FakeClock();
  asked.length = 0;
  bot = { state: 'running', expires: new Date(clock.now() + 3_600_000), authorityWatch: { state: 'healthy' } };
  botStatus = { state: 'running', generation: 3, expires: toTimestamp(new Date(3_600_000_000)), warmSessions: 2 };
  issue = async () => {};
  waiting = undefined;
  diagnostics = await Diagnostics.open({
    address: { host: '127.0.0.1', port: 0 },
    version: '1.18.0',
    sockets: [CI, WEB],
    status: () =>
      GetStatusResponse.fromPartial({ bot: botStatus, sockets: [{ path: CI, connections: 4, streams: 5 }] }),
    audits: { heads: () => [{ file: '/var/log/ci.log', head: { sequence: 12, hash: 'ab' } }] },
    bot: () => {
      if (waiting) throw waiting;
      return {
        status: () => bot,
        generateIdentity: (request: IdentityRequest) => {
          asked.push(request);
          return issue(request);
        },
      } as never;
    },
    clock,
    logger: silentLogger,
  });
});
afterEach(() => diagnostics.close());

async function get(path: string): Promise<[number, string]> {
  const response = await fetch(`${diagnostics.url}${path}`);
  return [response.status, await response.text()];
}
async function ready(path = '') {
  const [status, body] = await get(`/readyz${path}`);
  return { status, ...JSON.parse(body) };
}
const socket = (path: string, more: object = {}) =>
  diagnostics.socketOpened({
    path,
    roles: ['deployer'],
    audit: { ready: async () => {} },
    isReachable: async () => true,
    ...more,
  });
const started = () => {
  diagnostics.botStarted();
  socket(CI);
  socket(WEB, { roles: [] });
};

describe('/readyz', () => {
  test('is healthy when the cluster has issued for the roles of each socket', async () => {
    started();
    expect(await ready()).toMatchObject({
      status: 'healthy',
      pid: process.pid,
      services: {
        'bot-identity': { status: 'healthy' },
        [CI]: { status: 'healthy' },
        [WEB]: { status: 'healthy' },
      },
    });
    expect((await get('/readyz'))[0]).toBe(200);
    const keys = { tls: expect.stringMatching(/^-----BEGIN PUBLIC KEY-----/) };
    // Both at once: whose key is made first asks first.
    expect(asked).toHaveLength(2);
    expect(asked).toContainEqual({ kind: 'identity', roles: ['deployer'], ttlMs: 60_000, keys });
    expect(asked).toContainEqual({ kind: 'identity', ttlMs: 60_000, keys });
  });

  test('is starting until each part is there, and alive all the time', async () => {
    expect((await get('/readyz'))[0]).toBe(503);
    expect(await ready()).toMatchObject({ status: 'starting', services: { [CI]: { status: 'starting' } } });
    diagnostics.botStarted();
    socket(CI);
    expect(await ready()).toMatchObject({
      status: 'starting',
      services: { [CI]: { status: 'healthy' }, [WEB]: { status: 'starting' } },
    });
    expect(await get('/livez')).toEqual([200, 'ok\n']);
  });

  test('says of each socket what is wrong, and since when', async () => {
    started();
    issue = async (request) => {
      if (request.roles) throw new TeleportError('access_denied', 'the bot may not impersonate "deployer"');
    };
    const first = await ready();
    expect(first).toMatchObject({
      status: 'unhealthy',
      services: {
        'bot-identity': { status: 'healthy' },
        [CI]: { status: 'unhealthy', reason: 'the bot may not impersonate "deployer"' },
        [WEB]: { status: 'healthy' },
      },
    });
    await clock.advance(1000);
    expect(await ready(CI)).toMatchObject({ status: 'unhealthy', services: { [CI]: first.services[CI] } });
    expect(await ready(WEB)).toMatchObject({ status: 'healthy' });
    expect(await ready('/bot-identity')).toMatchObject({ status: 'healthy' });
    expect((await get('/readyz/other'))[0]).toBe(404);
    expect((await get('/readyzz'))[0]).toBe(404);
  });

  test.each([
    ['nobody can reach it', { isReachable: async () => false }, 'the file of the socket is gone'],
    [
      'nothing can be recorded',
      { audit: { ready: () => Promise.reject(new TeleportError('connection_problem', 'the disk is full')) } },
      'the disk is full',
    ],
    [
      'something fails that nobody has thought of',
      { isReachable: () => Promise.reject(new Error('with details')) },
      'it failed unexpectedly; the log says why',
    ],
  ])('a socket is not ready when %s', async (_what, more, reason) => {
    started();
    socket(CI, more);
    expect((await ready()).services[CI]).toMatchObject({ status: 'unhealthy', reason });
  });

  test.each([
    [{ state: 'locked', lastError: 'the bot is locked by an administrator' }, 'the bot is locked by an administrator'],
    [{ state: 'expired' }, 'the bot is expired'],
    [{ state: 'degraded', expires: new Date(0) }, 'the identity of the bot has ended'],
  ] as const)('the bot is not ready when it is %j', async (status, reason) => {
    started();
    bot = { ...bot, expires: new Date(clock.now() + 1000), ...status };
    expect((await ready()).services['bot-identity']).toMatchObject({ status: 'unhealthy', reason });
  });

  test('nothing is ready while the bot waits for its cluster', async () => {
    started();
    waiting = new TeleportError('connection_problem', 'the agent cannot reach its cluster');
    const unhealthy = { status: 'unhealthy', reason: 'the agent cannot reach its cluster' };
    expect(await ready()).toMatchObject({
      status: 'unhealthy',
      services: { 'bot-identity': unhealthy, [CI]: unhealthy, [WEB]: unhealthy },
    });
    expect(asked).toEqual([]);
  });

  test('recovers', async () => {
    started();
    issue = () => Promise.reject(new TeleportError('connection_problem', 'the cluster is away'));
    expect((await ready()).status).toBe('unhealthy');
    issue = async () => {};
    await clock.advance(5000);
    expect((await ready()).status).toBe('healthy');
  });

  test('follows what callers meet', async () => {
    const decided = diagnostics.observer(CI);
    started();
    await ready();
    asked.length = 0;
    decided({ outcome: 'refused', code: 'access_denied', latencyMs: 1 });
    await ready(CI);
    expect(asked).toEqual([]);
    await clock.advance(5000);
    decided({ outcome: 'failed', code: 'connection_problem', latencyMs: 1 });
    await ready(CI);
    expect(asked).toHaveLength(1);
  });

  test('asks sooner while the watch on the cluster is broken', async () => {
    started();
    await ready(CI);
    bot = { ...bot, authorityWatch: { state: 'unhealthy' } };
    await clock.advance(59_999);
    await ready(CI);
    expect(asked).toHaveLength(1);
    await clock.advance(1);
    await ready(CI);
    expect(asked).toHaveLength(2);
  });

  test('is over when the agent stops', async () => {
    started();
    await ready();
    diagnostics.stopping();
    expect(await ready()).toMatchObject({
      status: 'unhealthy',
      services: { [CI]: { reason: 'the agent is stopping' } },
    });
    expect((await get('/livez'))[0]).toBe(200);
  });
});

describe('/metrics', () => {
  const metrics = async (): Promise<string[]> => (await get('/metrics'))[1].split('\n');

  test('counts by socket, kind and reason, and measures', async () => {
    const decided = diagnostics.observer(CI);
    decided({ outcome: 'issued', kind: 'application', latencyMs: 7 });
    decided({ outcome: 'issued', kind: 'application', latencyMs: 70 });
    decided({ outcome: 'issued', kind: 'application', trigger: 'renewal', latencyMs: 200 });
    decided({ outcome: 'refused', kind: 'database', code: 'limit_exceeded', latencyMs: 0 });
    decided({ outcome: 'failed', code: 'connection_problem', latencyMs: 3 });
    const lines = await metrics();
    const name = 'tbot_socket_requests_total';
    expect(lines).toEqual(
      expect.arrayContaining([
        `${name}{socket="${CI}",kind="application",trigger="",outcome="issued",reason=""} 2`,
        `${name}{socket="${CI}",kind="application",trigger="renewal",outcome="issued",reason=""} 1`,
        `${name}{socket="${CI}",kind="database",trigger="",outcome="refused",reason="limit_exceeded"} 1`,
        `${name}{socket="${CI}",kind="",trigger="",outcome="failed",reason="connection_problem"} 1`,
        `tbot_socket_request_duration_seconds_count{socket="${CI}",outcome="issued"} 3`,
        `tbot_socket_request_duration_seconds_bucket{le="0.01",socket="${CI}",outcome="issued"} 1`,
        `tbot_socket_request_duration_seconds_bucket{le="0.1",socket="${CI}",outcome="issued"} 2`,
      ]),
    );
  });

  test('tells of the moment', async () => {
    started();
    await ready();
    const lines = await metrics();
    expect(lines).toEqual(
      expect.arrayContaining([
        `tbot_info{version="1.18.0",node="${process.versions.node}"} 1`,
        `tbot_socket_connections{socket="${CI}"} 4`,
        `tbot_socket_streams{socket="${CI}"} 5`,
        `tbot_service_healthy{service="${WEB}"} 1`,
        'tbot_audit_sequence{file="/var/log/ci.log"} 12',
        'tbot_bot_state{state="running"} 1',
        'tbot_bot_state{state="locked"} 0',
        'tbot_bot_generation 3',
        'tbot_bot_renewals_total 0',
        'tbot_bot_warm_sessions 2',
        'tbot_bot_expiry_timestamp_seconds 3600000',
      ]),
    );
    for (const name of [
      'process_resident_memory_bytes',
      'process_cpu_seconds_total',
      'process_start_time_seconds',
      'process_open_fds',
      'nodejs_heap_size_used_bytes',
      'nodejs_eventloop_utilization',
    ]) {
      const value = Number(lines.find((line) => line.startsWith(`${name} `))?.split(' ')[1]);
      expect({ name, ok: value > 0 || name === 'nodejs_eventloop_utilization' }).toEqual({ name, ok: true });
    }
  });

  test('renewals are counted by the generation, also over one that begins anew', async () => {
    const renewals = async () => Number(/^tbot_bot_renewals_total (\d+)$/m.exec((await metrics()).join('\n'))?.[1]);
    const counts: number[] = [];
    for (const generation of [3, 4, 6, 1, 2]) {
      botStatus = { ...botStatus, generation };
      counts.push(await renewals());
    }
    expect(counts).toEqual([0, 1, 3, 4, 5]);
  });

  test('has what the README says', async () => {
    const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
    const told = [...readme.matchAll(/`(tbot_[a-z_]+)`/g)].map(([, name]) => name);
    const typed = (await metrics()).flatMap((line) => /^# TYPE (tbot_\S+) /.exec(line)?.[1] ?? []);
    expect([...new Set(told)].sort()).toEqual(typed.sort());
  });

  test('is text that Prometheus reads: every series has its help and type', async () => {
    diagnostics.observer(CI)({ outcome: 'issued', kind: 'identity', latencyMs: 1 });
    const response = await fetch(`${diagnostics.url}/metrics`);
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    const lines = (await response.text()).split('\n').filter((line) => line !== '');
    const typed = lines.flatMap((line) => /^# TYPE (\S+) (counter|gauge|histogram)$/.exec(line)?.[1] ?? []);
    expect(new Set(typed).size).toBe(typed.length);
    for (const line of lines.filter((text) => !text.startsWith('#'))) {
      const name = /^([a-z_]+?)(?:_bucket|_sum|_count)?(?:\{[^}]*\})? [\d.e+-]+$/.exec(line)?.[1];
      expect({ line, known: typed.includes(name ?? '') }).toEqual({ line, known: true });
    }
  });
});
