import { TeleportError } from '@teleport-ts/api-types';
import { describe, expect, it } from 'vitest';
import { judgeRenewalFailure, type RenewalFailure } from './failure-verdict.ts';

describe('judgeRenewalFailure', () => {
  const judge = (error: TeleportError, more: Partial<RenewalFailure> = {}): [string, string] => {
    const { verdict, error: shown } = judgeRenewalFailure(
      { error, expired: false, everythingRefused: false, ...more },
      'bot-ci',
    );
    return [verdict, shown.code];
  };
  const untrusted = new TeleportError(
    'access_denied',
    'proxy:443 does not know the authority that issued the client certificate in the TLS credential',
  );

  it('tells an authority that is gone from a lock, and from one that is not known everywhere yet', () => {
    expect(judge(untrusted)).toEqual(['rejoin', 'expired']);
    expect(judge(untrusted, { everythingRefused: true })).toEqual(['rejoin', 'expired']);
    expect(judge(untrusted, { fresh: true, everythingRefused: true })).toEqual(['retry', 'access_denied']);
    expect(judge(new TeleportError('access_denied', 'access denied'), { everythingRefused: true })).toEqual([
      'stop',
      'locked',
    ]);
  });

  it('tries again what may pass, and stops at what nothing mends', () => {
    expect(judge(new TeleportError('connection_problem', 'away'))).toEqual(['retry', 'connection_problem']);
    expect(judge(new TeleportError('connection_problem', 'away'), { expired: true })).toEqual(['rejoin', 'expired']);
    expect(judge(new TeleportError('version_mismatch', 'too old'))).toEqual(['stop', 'version_mismatch']);
    expect(
      judge(
        new TeleportError('access_denied', 'renewable cert generation mismatch for bot ci/x: stored=4, presented=2'),
      ),
    ).toEqual(['stop', 'locked']);
    expect(judge(new TeleportError('not_found', '"user" "bot-ci" does not exist'))[0]).toBe('stop');
  });
});
