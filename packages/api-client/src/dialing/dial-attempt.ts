import { isTeleportError, TeleportError } from '@teleport-ts/api-types';
import { WebError } from '../web/web-error.ts';

/**
 * A way to a cluster:
 *
 * - `auth`: straight to the auth service.
 * - `tls-routing`: a proxy's web port, which hands the connection on by its protocol name.
 * - `tls-routing-upgrade`: the same inside a WebSocket, for load balancers that end TLS.
 * - `proxy-grpc`: a stream of the proxy's own gRPC service, on its web or its SSH port.
 * - `dialer`: whatever the caller's own function opens.
 * - `find`: no way, but the question to a proxy's web address whether it is one.
 */
export type DialMethod = 'auth' | 'tls-routing' | 'tls-routing-upgrade' | 'proxy-grpc' | 'dialer' | 'find';

/**
 * How far an attempt came: name resolution, connection, HTTP proxy (CONNECT), TLS, protocol choice, web answer, connection
 * upgrade, HTTP/2, first call.
 */
export type DialStage = 'dns' | 'tcp' | 'proxy' | 'tls' | 'alpn' | 'http' | 'upgrade' | 'h2' | 'rpc';

/** One attempt to reach a cluster that failed. */
export interface DialAttempt {
  readonly method: DialMethod;
  /** `host:port` */
  readonly address: string;
  /** Kind of the credential, `identity-file`. */
  readonly credential: string;
  readonly stage: DialStage;
  readonly error: TeleportError;
  /** How long it took, in milliseconds. */
  readonly durationMs: number;
}

/**
 * No address could be reached. `code`, `hint` and the first line of the message are those of the attempt that says most;
 * the other lines and {@link ConnectError.attempts} list them all. `retryable` is false where trying again cannot help: an
 * expired or foreign certificate, a wrong CA, a refused version.
 */
export class ConnectError extends TeleportError {
  readonly attempts: readonly DialAttempt[];

  constructor(attempts: readonly DialAttempt[]) {
    const best = mostTelling(attempts);
    const { code, retryable, hint, cause, rpc } = best.error;
    super(code, describe(best, attempts), {
      retryable,
      cause,
      ...(hint !== undefined && { hint }),
      ...(rpc !== undefined && { rpc }),
    });
    this.attempts = attempts;
  }
}

function describe(best: DialAttempt, attempts: readonly DialAttempt[]): string {
  const first = `cannot connect to Teleport at ${best.address}: ${best.error.message}`;
  const lines = attempts.map(
    ({ method, address, credential, stage, error, durationMs }) =>
      `  ${method} ${address} (${stage}, ${Math.round(durationMs)} ms, ${credential}): ${error.message}`,
  );
  return [first, ...lines].join('\n');
}

const progress: readonly DialStage[] = ['dns', 'tcp', 'proxy', 'tls', 'alpn', 'http', 'upgrade', 'h2', 'rpc'];

/** What no retry mends says most, then what came furthest; a question to find says less than a dial. */
function mostTelling(attempts: readonly DialAttempt[]): DialAttempt {
  const weight = (attempt: DialAttempt): number => {
    const { error, method } = attempt;
    // The same for a proxy's own gRPC service.
    if (error instanceof WrongPeerError || (method === 'auth' && isTeleportError(error, 'not_implemented'))) return -1;
    const stage = progress.indexOf(attempt.stage) + 1;
    if (method === 'find') return error instanceof WebError && error.untrusted ? 50 : stage / 100;
    // No auth service, whatever it is; the web port's certificate, if that is what keeps us out, says more.
    if (attempt.stage === 'alpn') return stage + 30;
    // Its demand for a certificate is no news to who has none, and calls without one may go other ways.
    if (method === 'proxy-grpc' && attempt.credential === 'anonymous') return stage;
    if (!error.retryable) return stage + 100;
    // Past TLS it was an auth service, whatever find said.
    return attempt.stage === 'h2' || attempt.stage === 'rpc' ? stage + 60 : stage;
  };
  const [first, ...others] = attempts;
  if (!first) throw new TypeError('no attempt was made');
  return others.reduce((best, next) => (weight(next) > weight(best) ? next : best), first);
}

/** A TLS server that is no Teleport auth service answered: it tells what is there, not what is wrong. */
export class WrongPeerError extends TeleportError {}
