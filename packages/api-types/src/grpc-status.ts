import { type ErrorCode, isTeleportError, TeleportError } from './teleport-error.ts';

/** The status codes of gRPC. */
export const GrpcCode = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
} as const;

/** Number of a gRPC status code, see {@link GrpcCode}. */
export type GrpcCode = (typeof GrpcCode)[keyof typeof GrpcCode];

/** How a call ended, as gRPC says it. */
export interface GrpcStatus {
  readonly code: number;
  readonly message: string;
}

/** A {@link GrpcStatus} with what is known about the call. */
export interface FailedCall extends GrpcStatus {
  /** Full name of the call, `/proto.AuthService/GetRole`. */
  readonly rpc?: string | undefined;
  readonly cause?: unknown;
}

const CODE_OF_STATUS: Readonly<Record<number, ErrorCode>> = {
  [GrpcCode.CANCELLED]: 'canceled',
  [GrpcCode.INVALID_ARGUMENT]: 'bad_parameter',
  [GrpcCode.DEADLINE_EXCEEDED]: 'timeout',
  [GrpcCode.NOT_FOUND]: 'not_found',
  [GrpcCode.ALREADY_EXISTS]: 'already_exists',
  [GrpcCode.PERMISSION_DENIED]: 'access_denied',
  [GrpcCode.RESOURCE_EXHAUSTED]: 'limit_exceeded',
  [GrpcCode.FAILED_PRECONDITION]: 'compare_failed',
  [GrpcCode.OUT_OF_RANGE]: 'bad_parameter',
  [GrpcCode.UNIMPLEMENTED]: 'not_implemented',
  [GrpcCode.UNAVAILABLE]: 'connection_problem',
  [GrpcCode.UNAUTHENTICATED]: 'access_denied',
};

const STATUS_OF_CODE: Readonly<Record<ErrorCode, GrpcCode>> = {
  canceled: GrpcCode.CANCELLED,
  bad_parameter: GrpcCode.INVALID_ARGUMENT,
  timeout: GrpcCode.DEADLINE_EXCEEDED,
  not_found: GrpcCode.NOT_FOUND,
  already_exists: GrpcCode.ALREADY_EXISTS,
  access_denied: GrpcCode.PERMISSION_DENIED,
  limit_exceeded: GrpcCode.RESOURCE_EXHAUSTED,
  compare_failed: GrpcCode.FAILED_PRECONDITION,
  not_implemented: GrpcCode.UNIMPLEMENTED,
  connection_problem: GrpcCode.UNAVAILABLE,
  expired: GrpcCode.UNAUTHENTICATED,
  locked: GrpcCode.PERMISSION_DENIED,
  mfa_required: GrpcCode.PERMISSION_DENIED,
  version_mismatch: GrpcCode.PERMISSION_DENIED,
  unknown: GrpcCode.UNKNOWN,
};

/** What a status means beyond its code: the few texts that Teleport 18 and TLS use for something of their own. */
interface Reading {
  readonly status: number;
  readonly text: RegExp;
  readonly code: ErrorCode;
  readonly hint: string;
}

const READINGS: readonly Reading[] = [
  {
    status: GrpcCode.NOT_FOUND,
    text: /^access denied\b/,
    code: 'access_denied',
    hint: 'the user that this identity names no longer exists on the cluster',
  },
  {
    status: GrpcCode.PERMISSION_DENIED,
    text: /^lock targeting .* is in force/s,
    code: 'locked',
    hint: '`tctl get locks` lists the locks of the cluster',
  },
  {
    status: GrpcCode.PERMISSION_DENIED,
    text: /client version is unsupported/,
    code: 'version_mismatch',
    hint: 'install the client of the major version of this cluster',
  },
  {
    status: GrpcCode.PERMISSION_DENIED,
    text: /^admin-level API request requires MFA verification$/,
    code: 'mfa_required',
    hint: 'use the identity of a bot, which is asked for no second factor, or let a person answer: the option `mfa` of connect',
  },
  // Both what a server refuses to take and what grpc-js refuses to read.
  {
    status: GrpcCode.RESOURCE_EXHAUSTED,
    text: /message larger than max/i,
    code: 'limit_exceeded',
    hint: 'ask for fewer at a time',
  },
  // RFC 8446 section 6: certificate_expired, then unknown_ca.
  {
    status: GrpcCode.UNAVAILABLE,
    text: /alert number 45\b|alert certificate expired|ALERT_CERTIFICATE_EXPIRED|expired certificate/,
    code: 'expired',
    hint: 'the certificate of this identity has ended; issue a new one',
  },
  {
    status: GrpcCode.UNAVAILABLE,
    text: /alert number 48\b|alert unknown ca|ALERT_UNKNOWN_CA|unknown certificate authority/,
    code: 'connection_problem',
    hint: 'the cluster does not know the authority of this identity; it may be of another cluster or from before a rotation',
  },
  {
    status: GrpcCode.UNAVAILABLE,
    text: /ERR_TLS_CERT_ALTNAME_INVALID|does not match certificate's altnames|SELF_SIGNED_CERT|self-signed certificate|UNABLE_TO_(?:VERIFY|GET_ISSUER)|unable to (?:verify the first|get (?:local )?issuer) certificate/,
    code: 'connection_problem',
    hint: 'the server is not the one that this identity trusts; check the address and the certificate authorities',
  },
];

/**
 * The error for a call that ended with a status other than OK.
 *
 * The mapping is the one of Teleport's own clients. Beyond it, statuses that mean something else
 * than their code says are told apart: an expired certificate, a refused authority or a foreign server
 * all read UNAVAILABLE, and none of them goes away by a retry.
 *
 * @example
 * errorFromStatus({ code: 5, message: 'role nosuch is not found', rpc: '/proto.AuthService/GetRole' }).code; // 'not_found'
 */
export function errorFromStatus({ code, message, rpc, cause }: FailedCall): TeleportError {
  const reading = READINGS.find((candidate) => candidate.status === code && candidate.text.test(message));
  return new TeleportError(reading?.code ?? CODE_OF_STATUS[code] ?? 'unknown', message, {
    rpc,
    cause,
    ...(reading && { hint: reading.hint, retryable: false }),
  });
}

/**
 * The status that a server answers for an error; the reverse of {@link errorFromStatus}.
 *
 * `locked`, `mfa_required` and `version_mismatch` are PERMISSION_DENIED on the wire and `expired` is UNAUTHENTICATED. What is no
 * {@link TeleportError} is UNKNOWN, except an aborted or timed-out signal.
 */
export function statusOf(error: unknown): GrpcStatus {
  if (isTeleportError(error)) return { code: STATUS_OF_CODE[error.code] ?? GrpcCode.UNKNOWN, message: error.message };
  if (!(error instanceof Error)) return { code: GrpcCode.UNKNOWN, message: String(error) };
  if (error.name === 'AbortError') return { code: GrpcCode.CANCELLED, message: error.message };
  if (error.name === 'TimeoutError') return { code: GrpcCode.DEADLINE_EXCEEDED, message: error.message };
  return { code: GrpcCode.UNKNOWN, message: error.message };
}
