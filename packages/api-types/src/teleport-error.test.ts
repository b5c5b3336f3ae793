import { inspect } from 'node:util';
import { describe, expect, it, vi } from 'vitest';
import { isTeleportError, TeleportError } from './teleport-error.ts';

describe('TeleportError', () => {
  it('shows code and message', () => {
    const error = new TeleportError('not_found', 'role nosuch is not found', { rpc: '/proto.AuthService/GetRole' });
    expect(String(error)).toBe('TeleportError: [not_found] role nosuch is not found');
    expect(error.stack).toContain('role nosuch is not found');
    expect(inspect(error)).toContain("code: 'not_found'");
    expect(inspect(error)).not.toContain('name:');
  });

  it('keeps its cause', () => {
    const cause = new Error('ECONNREFUSED');
    expect(new TeleportError('connection_problem', 'cannot connect', { cause }).cause).toBe(cause);
    expect('cause' in new TeleportError('connection_problem', 'cannot connect')).toBe(false);
  });

  it('leaves out what it was not given', () => {
    expect(Object.keys(new TeleportError('unknown', 'x', { hint: undefined, rpc: undefined })).sort()).toEqual([
      'code',
      'retryable',
    ]);
  });

  it.each([
    ['connection_problem', true],
    ['limit_exceeded', true],
    ['timeout', true],
    ['access_denied', false],
    ['locked', false],
    ['canceled', false],
    ['unknown', false],
  ] as const)('decides whether %s may be retried: %s', (code, retryable) => {
    expect(new TeleportError(code, 'x').retryable).toBe(retryable);
    expect(new TeleportError(code, 'x', { retryable: !retryable }).retryable).toBe(!retryable);
  });
});

describe('isTeleportError', () => {
  it('recognises the error of another copy of this module', async () => {
    vi.resetModules();
    const copy: typeof import('./teleport-error.ts') = await import('./teleport-error.ts');
    const foreign = new copy.TeleportError('locked', 'a lock is in force');
    expect(copy.TeleportError).not.toBe(TeleportError);
    expect(foreign).toBeInstanceOf(TeleportError);
    class Narrower extends TeleportError {}
    expect(new Narrower('locked', 'x')).toBeInstanceOf(TeleportError);
    expect(new Narrower('locked', 'x')).toBeInstanceOf(Narrower);
    expect(new TeleportError('locked', 'x')).not.toBeInstanceOf(Narrower);
    expect(new Error('x')).not.toBeInstanceOf(TeleportError);
    expect(isTeleportError(foreign)).toBe(true);
    expect(isTeleportError(foreign, 'locked')).toBe(true);
    expect(isTeleportError(foreign, 'expired')).toBe(false);
  });

  it.each([undefined, null, 'not_found', new Error('x'), { code: 'not_found', message: 'x' }])(
    'is false for %s',
    (value) => {
      expect(isTeleportError(value)).toBe(false);
    },
  );
});
