import { type experimental, Metadata } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { AuthServer } from '../../test-support/auth-server.ts';
import { TestPki } from '../../test-support/pki.ts';
import { systemClock } from '../clock.ts';
import { loadTLS } from '../credentials/load-tls.ts';
import { Connection } from './connection.ts';
import { DialCredentials } from './dial-credentials.ts';
import { openTcp } from './open-tcp.ts';
import { type OpenStream, route } from './route.ts';
import { DIAL_OPTION, TargetResolver } from './target-resolver.ts';

const pki = new TestPki('root.test');
const certificate = pki.authService();

function routeTo(port: number, open?: OpenStream) {
  const source = loadTLS(pki.user());
  const host = '127.0.0.1';
  return route({ method: 'auth', host, port, source, clock: systemClock, ...(open && { open }) });
}

const pingMethod = '/proto.AuthService/Ping';
const raw = (bytes: Buffer): Buffer => bytes;
const ping = (connection: Connection): Promise<Buffer | undefined> =>
  new Promise((resolve, reject) => {
    connection.grpc.makeUnaryRequest(pingMethod, raw, raw, Buffer.alloc(0), new Metadata(), (error, answer) =>
      error ? reject(error) : resolve(answer),
    );
  });

test('a route that opens its own stream is dialed like any other, and leaves nothing behind', async () => {
  await using server = await AuthServer.start({ certificate });
  const reached: string[] = [];
  const open: OpenStream = (signal, say) =>
    openTcp('127.0.0.1', server.port, signal, (stage) => {
      reached.push(stage);
      say(stage);
    });
  const connection = new Connection(routeTo(server.port, open), { userAgent: 'test', connectMs: 5_000 });
  await expect(ping(connection)).resolves.toBeInstanceOf(Buffer);
  expect(reached).toEqual(['tcp']);
  server.cut();
  await ping(connection).catch(() => ping(connection));
  expect(reached).toEqual(['tcp', 'tcp']);
  await connection.close(0);
  await expect.poll(() => server.sockets.size).toBe(0);
});

test.each([['its own stream', true] as const, ['an address', false] as const])(
  'a channel that went idle and is used again gets another answer for %s',
  async (_what, opens) => {
    const dial = new DialCredentials(routeTo(1, opens ? () => Promise.reject(new Error('unused')) : undefined), 1_000);
    const answers: (() => void)[] = [];
    let answered = 0;
    const listener = (): boolean => {
      answered += 1;
      answers.shift()?.();
      return true;
    };
    const next = (): Promise<void> => new Promise((resolve) => answers.push(resolve));
    const target = { scheme: 'teleport', path: 'x' } satisfies experimental.GrpcUri;
    const resolver = new TargetResolver(target, listener, { [DIAL_OPTION]: dial });
    const first = next();
    resolver.updateResolution();
    resolver.updateResolution();
    await first;
    resolver.updateResolution();
    resolver.destroy();
    const second = next();
    resolver.updateResolution();
    await second;
    expect(answered).toBe(2);
    resolver.destroy();
    dial.destroy();
  },
);
