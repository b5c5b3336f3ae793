import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeClock } from '@teleport-ts/dev-cluster/testing';
import { type Logger, silentLogger } from '@teleport-ts/tbot-core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { rawSockets } from '../../test-support/raw-sockets.ts';
import { ServiceManager } from './service-manager.ts';

const raw = rawSockets();
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'notify-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** A logger that keeps its warnings. */
function logger(): { warnings: string[]; logger: Logger } {
  const warnings: string[] = [];
  return { warnings, logger: { ...silentLogger, warn: (_fields: object, message: string) => warnings.push(message) } };
}

describe.runIf(raw)('a real socket', () => {
  test.each([
    ['in a folder', () => join(folder, 'notify')],
    ['in the abstract namespace', () => `@teleport-ts-${process.pid}`],
  ])('%s is told of the life of the agent', (_where, name) => {
    const path = name();
    const fd = raw!.bindDatagram(path);
    try {
      using manager = new ServiceManager({ NOTIFY_SOCKET: path }, logger());
      manager.ready('serving\n2 sockets');
      manager.stopping();
      expect([raw!.receive(fd), raw!.receive(fd), raw!.receive(fd)]).toEqual([
        'READY=1\nSTATUS=serving 2 sockets',
        'STOPPING=1',
        undefined,
      ]);
    } finally {
      raw!.close(fd);
    }
  });

  test('that nobody reads is said once, and does not stop the agent', () => {
    const { warnings, logger: log } = logger();
    const manager = new ServiceManager({ NOTIFY_SOCKET: join(folder, 'nobody') }, { logger: log });
    manager.ready('');
    manager.stopping();
    expect(warnings).toEqual(['systemd could not be told how the agent is']);
  });
});

test.each(['relative', 'vsock:2:3', `/${'x'.repeat(200)}`])('%s is no address', (path) => {
  const { warnings, logger: log } = logger();
  new ServiceManager({ NOTIFY_SOCKET: path }, { logger: log }).stopping();
  expect(warnings).toHaveLength(1);
});

describe('the watchdog', () => {
  const clock = new FakeClock();
  const sent: string[] = [];
  const manager = (environment: Record<string, string>) => {
    sent.length = 0;
    const send = (_path: string, text: string) => sent.push(text) > 0;
    return new ServiceManager({ NOTIFY_SOCKET: '/n', ...environment }, { logger: silentLogger, clock, send, pid: 42 });
  };

  test('is told twice in its time that the agent is not stuck', async () => {
    using watched = manager({ WATCHDOG_USEC: '10000000', WATCHDOG_PID: '42' });
    await clock.advance(60_000);
    expect(sent).toEqual([]);
    watched.ready('');
    await clock.advance(4999);
    expect(sent).toEqual(['READY=1\nSTATUS=', 'WATCHDOG=1']);
    await clock.advance(1);
    expect(sent).toHaveLength(3);
    await clock.advance(5000);
    expect(sent).toHaveLength(4);
    watched[Symbol.dispose]();
    await clock.advance(60_000);
    expect(sent).toHaveLength(4);
  });

  test.each([
    [{ WATCHDOG_USEC: '10000000', WATCHDOG_PID: '43' }],
    [{}],
    [{ WATCHDOG_USEC: 'x' }],
    [{ WATCHDOG_USEC: '0' }],
  ])('is left alone with %j', async (environment) => {
    using other = manager(environment as Record<string, string>);
    other.ready('');
    await clock.advance(60_000);
    expect(sent).toEqual(['READY=1\nSTATUS=']);
  });
});

test('without systemd nothing happens, without koffi it is said what is missing', () => {
  const { warnings, logger: log } = logger();
  new ServiceManager({}, { logger: log, send: undefined }).ready('');
  expect(warnings).toEqual([]);
  new ServiceManager({ NOTIFY_SOCKET: '/n' }, { logger: log, send: undefined }).ready('');
  expect(warnings).toEqual(['systemd waits to be told that the agent is ready, which this installation cannot do']);
});
