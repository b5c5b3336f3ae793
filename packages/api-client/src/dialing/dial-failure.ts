import { type ErrorCode, isTeleportError, TeleportError } from '@teleport-ts/api-types';
import type { CredentialSet } from '../credentials/credential-set.ts';
import type { DialStage } from './dial-attempt.ts';
import { tlsAlert } from './tls-alert.ts';

/** Why a connection failed, and how far it had come. */
export interface DialFailure {
  readonly stage: DialStage;
  readonly error: TeleportError;
}

/** Thrown where a connection is made: says how far it came. */
export class DialError extends Error {
  readonly failure: DialFailure;

  constructor(failure: DialFailure) {
    super(failure.error.message, { cause: failure.error });
    this.failure = failure;
  }
}

interface Peer {
  readonly address: string;
  /** The credential that the connection was made with, if it came that far. */
  readonly used?: CredentialSet;
}

const lasting = (code: ErrorCode, message: string, hint: string, cause: unknown): TeleportError =>
  new TeleportError(code, message, { hint, cause, retryable: false });

/** What a failed socket, handshake or HTTP/2 session means. */
export function dialFailure(stage: DialStage, cause: unknown, peer: Peer): DialFailure {
  if (cause instanceof DialError) return cause.failure;
  if (isTeleportError(cause)) return { stage, error: cause };
  const refused = refusedByAlert(cause, peer);
  if (refused) return { stage: tlsAlert(cause) === 'no_application_protocol' ? 'alpn' : stage, error: refused };
  const text = cause instanceof Error ? cause.message : String(cause);
  const errno = errnoOf(cause, text);
  if (/WRONG_VERSION_NUMBER|wrong version number|packet length too long/i.test(`${errno} ${text}`)) {
    const message = `${peer.address} does not speak TLS`;
    const hint =
      'name the proxy’s web port or the auth port; a proxy behind --insecure-no-tls cannot be dialed this way';
    return { stage: 'tls', error: lasting('connection_problem', message, hint, cause) };
  }
  const [message, hint] = plain(errno, stage, text, peer);
  return {
    stage,
    error: new TeleportError('connection_problem', message, { retryable: true, cause, hint }),
  };
}

function refusedByAlert(cause: unknown, { address, used: credential }: Peer): TeleportError | undefined {
  const whose = credential?.origin ?? 'the credential';
  const issuer = credential?.cluster === undefined ? '' : ` of the cluster ${credential.cluster}`;
  switch (tlsAlert(cause)) {
    case undefined:
      return undefined;
    case 'certificate_expired': {
      const message = `${address} refuses the client certificate in ${whose}: it says that it has expired`;
      const hint = `it ends at ${credential?.notAfter?.toISOString()}; issue a new one, or compare the clocks`;
      return lasting('expired', message, hint, cause);
    }
    case 'unknown_ca': {
      const message = `${address} does not know the authority that issued the client certificate in ${whose}`;
      const hint = `the certificate${issuer} belongs to another cluster, or its CA was rotated away; issue a new one`;
      return lasting('access_denied', message, hint, cause);
    }
    case 'certificate_required': {
      const message = `${address} demands a client certificate`;
      return lasting('access_denied', message, 'is this the proxy’s web port or the auth port?', cause);
    }
    case 'no_application_protocol': {
      const message = `${address} speaks none of the protocols offered`;
      const hint = 'something that does not know Teleport’s protocols, such as a load balancer, ends TLS there';
      return lasting('connection_problem', message, hint, cause);
    }
    default: {
      const message = `${address} refuses the client certificate in ${whose} (TLS alert ${tlsAlert(cause)})`;
      return lasting(
        'access_denied',
        message,
        'the certificate or its key is damaged or foreign; issue a new one',
        cause,
      );
    }
  }
}

function errnoOf(cause: unknown, text: string): string {
  const code = (cause as NodeJS.ErrnoException | undefined)?.code;
  return code ?? /\b(E[A-Z]{4,})\b/.exec(text)?.[1] ?? '';
}

function plain(errno: string, stage: DialStage, text: string, { address }: Peer): [string, string?] {
  switch (errno) {
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EAI_NODATA':
      return [
        `the name in ${address} cannot be resolved (${errno})`,
        'is the address spelt right? Does DNS work here?',
      ];
    case 'ECONNREFUSED':
      return [`nobody listens at ${address} (ECONNREFUSED)`, 'is the service running, and is the port right?'];
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'ETIMEDOUT':
      return [`${address} cannot be reached (${errno})`, 'is there a route to it? Does a firewall drop packets?'];
    case 'ECONNRESET':
    case 'EPIPE':
      return [`${address} cut the connection during ${stage} without giving a reason (${errno})`];
    default:
      return [`${address}: ${text}`];
  }
}
