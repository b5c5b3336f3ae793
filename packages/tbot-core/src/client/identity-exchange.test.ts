import { expect, test } from 'vitest';
import type { IdentityRequest } from '../destination-host.ts';
import { identityRequestMessage } from './identity-exchange.ts';

test.each([
  [{ kind: 'application' }, 'the name of the application is missing'],
  [{ kind: 'database', name: 7 }, 'the name of the database is missing'],
  [{ kind: 'kubernetes', name: 'k', roles: 'deployer' }, 'roles is not a list'],
  [{ kind: 'identity', ttlMs: Number.NaN }, 'ttlMs is NaN, and not a number of milliseconds'],
  [{ kind: 'identity', ttlMs: '10m' }, 'ttlMs is 10m, and not a number of milliseconds'],
])('a program without types is told what is wrong with %j', (request, message) => {
  const ask = () => identityRequestMessage(request as unknown as IdentityRequest, {});
  expect(ask).toThrow(expect.objectContaining({ code: 'bad_parameter', message }));
});

test('what has no name is asked for without one', () => {
  const message = identityRequestMessage({ kind: 'identity', roles: ['a'], ttlMs: 60_000 }, { tls: 'key' });
  expect(message).toMatchObject({ roles: ['a'], cluster: '', kind: { $case: 'identity' } });
});
