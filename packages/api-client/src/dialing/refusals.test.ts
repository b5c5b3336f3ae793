import { describe, expect, test } from 'vitest';
import { hasOpenssl, opensslServer } from '../../test-support/openssl-server.ts';
import { TestPki } from '../../test-support/pki.ts';
import { connect, fromFunction, systemClock } from '../index.ts';

const pki = new TestPki('root.test');
const certificate = pki.authService();
const hour = 3_600_000;

// Node's TLS server closes the connection without saying why; Go's and OpenSSL's send an alert.
describe.skipIf(!hasOpenssl || process.platform !== 'linux')('a server that refuses the client certificate', () => {
  describe.each([['TLS 1.3', false] as const, ['TLS 1.2', true] as const])('%s', (_version, tls12) => {
    test('because it has expired', async () => {
      await using server = await opensslServer(certificate, pki.userCa, { tls12 });
      const now = Date.now();
      const expired = pki.user({ notBefore: new Date(now - 3 * hour), notAfter: new Date(now - hour) });
      const error = await refusal(server.address, expired, { ...systemClock, now: () => now - 2 * hour });
      expect(error).toMatchObject({ code: 'expired', retryable: false, hint: expect.stringContaining('clocks') });
      expect(error.message.split('\n')[0]).toContain('says that it has expired');
    });

    test('because another cluster issued it', async () => {
      await using server = await opensslServer(certificate, pki.userCa, { tls12 });
      const impostor = { ...new TestPki('root.test').user(), ca: pki.hostCa };
      const error = await refusal(server.address, impostor);
      expect(error).toMatchObject({
        code: 'access_denied',
        retryable: false,
        hint: expect.stringContaining('root.test'),
      });
      expect(error.message.split('\n')[0]).toContain('does not know the authority that issued the client certificate');
    });
  });

  test('a server that does not know the protocol', async () => {
    await using server = await opensslServer(certificate, pki.userCa, { alpn: 'http/1.1' });
    const error = await refusal(server.address, pki.user());
    expect(error).toMatchObject({ code: 'connection_problem', retryable: false });
    expect(error.attempts.find(({ method }) => method === 'auth')?.stage).toBe('alpn');
  });
});

async function refusal(address: string, parts: { key: string; cert: string; ca: string }, clock = systemClock) {
  const { ConnectError } = await import('../index.ts');
  const error = await connect({ addresses: [address], credentials: fromFunction(() => parts), clock }).catch(
    (reason: unknown) => reason,
  );
  if (!(error instanceof ConnectError)) throw new Error('connect did not end as expected', { cause: error });
  return error;
}
