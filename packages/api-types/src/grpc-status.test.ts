import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { errorFromStatus, GrpcCode, statusOf } from './grpc-status.ts';
import { type ErrorCode, isTeleportError, TeleportError } from './teleport-error.ts';

const refusals = join(import.meta.dirname, '../testdata/teleport-18/wire/errors');

describe('errorFromStatus', () => {
  it.each([
    [GrpcCode.CANCELLED, 'canceled'],
    [GrpcCode.UNKNOWN, 'unknown'],
    [GrpcCode.INVALID_ARGUMENT, 'bad_parameter'],
    [GrpcCode.DEADLINE_EXCEEDED, 'timeout'],
    [GrpcCode.NOT_FOUND, 'not_found'],
    [GrpcCode.ALREADY_EXISTS, 'already_exists'],
    [GrpcCode.PERMISSION_DENIED, 'access_denied'],
    [GrpcCode.RESOURCE_EXHAUSTED, 'limit_exceeded'],
    [GrpcCode.FAILED_PRECONDITION, 'compare_failed'],
    [GrpcCode.UNIMPLEMENTED, 'not_implemented'],
    [GrpcCode.INTERNAL, 'unknown'],
    [GrpcCode.UNAVAILABLE, 'connection_problem'],
    [GrpcCode.UNAUTHENTICATED, 'access_denied'],
    [99, 'unknown'],
  ] as const)('turns status %i into %s', (code, expected) => {
    const cause = new Error('x');
    const error = errorFromStatus({ code, message: 'a text', rpc: '/a.B/C', cause });
    expect(error).toMatchObject({ code: expected, message: 'a text', rpc: '/a.B/C', cause });
    expect(error.hint).toBeUndefined();
  });

  const recorded = readdirSync(refusals).filter((name) => name.endsWith('.status.json'));
  // A locked caller itself reads no more than `access denied`: that lock is not told apart by the wire.
  const told: Record<string, ErrorCode> = { 'certs-locked-role.status.json': 'locked' };
  const byCode: Record<number, ErrorCode> = {
    2: 'unknown',
    3: 'bad_parameter',
    5: 'not_found',
    6: 'already_exists',
    7: 'access_denied',
    9: 'compare_failed',
    12: 'not_implemented',
    14: 'connection_problem',
  };

  it.each(recorded)('reads the recorded %s', (name) => {
    const status = JSON.parse(readFileSync(join(refusals, name), 'utf8'));
    const expected = told[name] ?? byCode[status.code];
    expect(expected).toBeDefined();
    const error = errorFromStatus({ ...status, rpc: status.method });
    expect({ code: error.code, message: error.message }).toEqual({ code: expected, message: status.message });
  });

  it.each([
    [GrpcCode.NOT_FOUND, 'access denied\n\t"user" "bot-ci" does not exist', 'access_denied'],
    [GrpcCode.PERMISSION_DENIED, 'client version is unsupported', 'version_mismatch'],
    [GrpcCode.PERMISSION_DENIED, 'admin-level API request requires MFA verification', 'mfa_required'],
    [GrpcCode.RESOURCE_EXHAUSTED, 'Received message larger than max (6 vs 4)', 'limit_exceeded'],
    [GrpcCode.RESOURCE_EXHAUSTED, 'grpc: received message larger than max (6 vs. 4)', 'limit_exceeded'],
    [GrpcCode.PERMISSION_DENIED, 'lock targeting Role:"viewer" is in force: maintenance', 'locked'],
    [
      GrpcCode.UNAVAILABLE,
      'No connection established. Last error: error:0A000415:SSL routines:ssl3_read_bytes:sslv3 alert certificate expired:rec_layer_s3.c:1605:SSL alert number 45',
      'expired',
    ],
    [GrpcCode.UNAVAILABLE, 'Last error: tlsv1 alert unknown ca:SSL alert number 48', 'connection_problem'],
    [GrpcCode.UNAVAILABLE, 'Last error: self-signed certificate in certificate chain', 'connection_problem'],
    [
      GrpcCode.UNAVAILABLE,
      "Last error: Hostname/IP does not match certificate's altnames: Host: localhost. is not in the cert's altnames",
      'connection_problem',
    ],
  ] as const)('tells status %i "%s" apart: %s, with a hint, not to be retried', (code, message, expected) => {
    const error = errorFromStatus({ code, message });
    expect(error).toMatchObject({ code: expected, retryable: false });
    expect(error.hint).toMatch(/\w/);
  });

  it('lets what a lost connection says be retried', () => {
    const message = 'No connection established. Last error: connect ECONNREFUSED 127.0.0.1:3025';
    expect(errorFromStatus({ code: GrpcCode.UNAVAILABLE, message }).retryable).toBe(true);
  });
});

describe('statusOf', () => {
  const codes: ErrorCode[] = [
    'not_found',
    'already_exists',
    'access_denied',
    'bad_parameter',
    'compare_failed',
    'limit_exceeded',
    'connection_problem',
    'not_implemented',
    'timeout',
    'canceled',
    'unknown',
  ];

  it.each(codes)('is the reverse of errorFromStatus for %s', (code) => {
    const status = statusOf(new TeleportError(code, 'a text'));
    const error = errorFromStatus(status);
    expect(isTeleportError(error, code)).toBe(true);
    expect(error.message).toBe('a text');
  });

  it.each([
    ['locked', GrpcCode.PERMISSION_DENIED],
    ['version_mismatch', GrpcCode.PERMISSION_DENIED],
    ['expired', GrpcCode.UNAUTHENTICATED],
  ] as const)('answers %s with status %i', (code, status) => {
    expect(statusOf(new TeleportError(code, 'x')).code).toBe(status);
  });

  it('knows aborted and timed-out signals, and any other error', async () => {
    expect(statusOf(AbortSignal.abort().reason).code).toBe(GrpcCode.CANCELLED);
    expect(statusOf(new DOMException('too late', 'TimeoutError'))).toEqual({
      code: GrpcCode.DEADLINE_EXCEEDED,
      message: 'too late',
    });
    expect(statusOf(new RangeError('out'))).toEqual({ code: GrpcCode.UNKNOWN, message: 'out' });
    expect(statusOf('text')).toEqual({ code: GrpcCode.UNKNOWN, message: 'text' });
  });
});
