import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type SilentPort, silentPort } from '../../test-support/silent-port.ts';
import { systemClock } from '../clock.ts';
import { anonymous } from '../credentials/anonymous.ts';
import { DialCredentials } from './dial-credentials.ts';
import { route } from './route.ts';

describe('a dial to a server that says nothing', () => {
  let port: SilentPort;
  beforeEach(async () => {
    port = await silentPort();
  });
  afterEach(() => port[Symbol.asyncDispose]());

  const dial = (timeoutMs = 10_000): DialCredentials => {
    const [host, number] = port.address.split(':') as [string, string];
    const source = anonymous({ insecure: true });
    const way = route({ method: 'auth', host, port: Number(number), source, clock: systemClock });
    return new DialCredentials(way, timeoutMs);
  };
  const connectorOf = (credentials: DialCredentials) => credentials._createSecureConnector({ path: port.address }, {});
  const raw = () => {
    const [host, number] = port.address.split(':') as [string, string];
    return connect({ host, port: Number(number) });
  };

  test('shares no connection with another', () => {
    const [one, two] = [dial(), dial()];
    expect(one._equals(one)).toBe(true);
    expect(one._equals(two)).toBe(false);
  });

  test('ends when the handshake takes too long', async () => {
    const credentials = dial(20);
    await expect(connectorOf(credentials).connect(raw())).rejects.toThrow(
      'did not finish the TLS handshake within 20 ms',
    );
    expect(credentials).toMatchObject({ stage: 'tls', failure: { stage: 'tls', error: { code: 'timeout' } } });
    await credentials.drained();
    await port.drained();
  });

  test('ends when it is destroyed in the middle, and gets no socket any more', async () => {
    const credentials = dial();
    const connector = connectorOf(credentials);
    await expect(connector.waitForReady()).resolves.toBeUndefined();
    const connecting = expect(connector.connect(raw())).rejects.toThrow();
    await port.connected;
    credentials.destroy();
    await connecting;
    await credentials.drained();
    await port.drained();
    await expect(connector.waitForReady()).rejects.toThrow();
    expect(credentials.connecting().aborted).toBe(true);
  });
});

test('the end of a connection during the handshake is told', async () => {
  await using port = await silentPort((socket) => socket.destroy());
  const [host, number] = port.address.split(':') as [string, string];
  const source = anonymous({ insecure: true });
  const credentials = new DialCredentials(
    route({ method: 'auth', host, port: Number(number), source, clock: systemClock }),
    10_000,
  );
  const connector = credentials._createSecureConnector({ path: port.address }, {});
  await expect(connector.connect(connect({ host, port: Number(number) }))).rejects.toThrow(
    /cut the connection during tls/,
  );
  expect(credentials.failure).toMatchObject({ stage: 'tls', error: { retryable: true } });
});
