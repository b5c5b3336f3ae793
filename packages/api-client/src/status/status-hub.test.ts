import { TeleportError } from '@teleport-ts/api-types';
import { expect, test } from 'vitest';
import type { ClientStatus } from './client-status.ts';
import { StatusHub } from './status-hub.ts';

const ready: ClientStatus = { type: 'ready', method: 'auth', address: 'auth.test:3025', serverVersion: '18.0.0' };
const lost = (attempt: number): ClientStatus => ({
  type: 'reconnecting',
  attempt,
  delayMs: 500,
  cause: new TeleportError('connection_problem', 'gone'),
});
const tripped: ClientStatus = { type: 'breaker', endpoint: 'unary', state: 'tripped', until: new Date(60_000) };

async function all(statuses: AsyncIterable<ClientStatus>): Promise<ClientStatus[]> {
  const found: ClientStatus[] = [];
  for await (const status of statuses) found.push(status);
  return found;
}

test('a listener gets what holds now, what comes, and the end', async () => {
  const hub = new StatusHub();
  hub.emit(lost(1));
  hub.emit(ready);
  const listener = hub.iterate()[Symbol.asyncIterator]();
  expect(await listener.next()).toEqual({ done: false, value: ready });
  const first = listener.next();
  const second = listener.next();
  hub.emit(tripped);
  hub.emit(lost(1));
  expect([await first, await second].map(({ value }) => value?.type)).toEqual(['breaker', 'reconnecting']);
  hub.close();
  hub.close();
  hub.emit(ready);
  expect(await listener.next()).toEqual({ done: false, value: { type: 'closed' } });
  expect(await listener.next()).toEqual({ done: true, value: undefined });
  expect((await all(hub.iterate())).at(-1)).toEqual({ type: 'closed' });
});

test('one that does not read gets the latest of each sort, and is not kept full', async () => {
  const hub = new StatusHub();
  const listener = hub.iterate();
  const iterator = listener[Symbol.asyncIterator]();
  for (let attempt = 1; attempt <= 10_000; attempt += 1) {
    hub.emit(lost(attempt));
    hub.emit({ ...tripped, state: attempt % 2 ? 'tripped' : 'recovering' });
    hub.emit({ type: 'credentials', event: 'expiring' });
  }
  hub.emit({ type: 'credentials', event: 'reloaded' });
  hub.close(new TeleportError('expired', 'no more'));
  const found = await all({ [Symbol.asyncIterator]: () => iterator });
  expect(found).toMatchObject([
    { type: 'breaker', state: 'recovering' },
    { type: 'credentials', event: 'reloaded' },
    { type: 'closed', cause: { code: 'expired' } },
  ]);
});

test('an abort and a return end it without an error, also while it waits', async () => {
  const hub = new StatusHub();
  const controller = new AbortController();
  const reading = all(hub.iterate(controller.signal));
  controller.abort(new Error('enough'));
  expect(await reading).toEqual([]);
  expect(await all(hub.iterate(controller.signal))).toEqual([]);
  const left = hub.iterate()[Symbol.asyncIterator]();
  const waiting = left.next();
  expect(await left.return?.()).toEqual({ done: true, value: undefined });
  expect(await waiting).toEqual({ done: true, value: undefined });
  hub.emit(ready);
  expect(await left.next()).toEqual({ done: true, value: undefined });
});
