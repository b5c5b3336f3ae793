import { type ErrorCode, TeleportError } from '@teleport-ts/api-types';
import type { DialStage } from '../dialing/dial-attempt.ts';

export interface WebErrorDetails {
  readonly stage: DialStage;
  readonly url: string;
  readonly status?: number;
  readonly untrusted?: boolean;
  readonly hint?: string | undefined;
  readonly retryable?: boolean;
  readonly cause?: unknown;
}

/** A request to a proxy's web address that failed; `stage` says how far it came. */
export class WebError extends TeleportError {
  readonly stage: DialStage;
  /** Scheme, address and path of what was asked. */
  readonly url: string;
  /** The HTTP status, when there was an answer. */
  readonly status?: number;
  /** The web certificate is not trusted. */
  readonly untrusted: boolean;

  constructor(code: ErrorCode, message: string, details: WebErrorDetails) {
    super(code, message, details);
    this.stage = details.stage;
    this.url = details.url;
    this.untrusted = details.untrusted ?? false;
    if (details.status !== undefined) this.status = details.status;
  }
}

const codes: Readonly<Record<number, ErrorCode>> = {
  400: 'bad_parameter',
  401: 'access_denied',
  403: 'access_denied',
  404: 'not_found',
  409: 'already_exists',
  412: 'compare_failed',
  429: 'limit_exceeded',
  501: 'not_implemented',
  502: 'connection_problem',
  503: 'connection_problem',
  504: 'connection_problem',
};

/** The error in an answer other than 200. Teleport's bodies are `{"error":{"message":…}}`; others come from something in front of it. */
export function errorOfAnswer(
  url: string,
  method: string,
  answer: { status: number; type: string; body: string },
): WebError {
  const { status, type } = answer;
  const told = teleportMessage(answer.body);
  const code = codes[status] ?? 'unknown';
  const details = { stage: 'http' as const, url, status };
  if (told !== undefined && told !== 'path not found') return new WebError(code, told, details);
  const message = `${method} ${url} was answered ${status}${told ? ` (${told})` : type ? ` with ${type}` : ''}`;
  if (status === 404) {
    const hint = told
      ? 'the proxy does not know this path; it may be of another Teleport version'
      : 'this is not the web address of a Teleport proxy: the auth port, or a reverse proxy that does not pass /webapi on?';
    return new WebError(code, message, { ...details, hint });
  }
  return new WebError(code, message, {
    ...details,
    hint: 'the answer is not Teleport’s: a reverse proxy in front of it?',
  });
}

function teleportMessage(body: string): string | undefined {
  try {
    const parsed = JSON.parse(body) as { error?: { message?: unknown }; message?: unknown } | null;
    const message = parsed?.error?.message ?? parsed?.message;
    return typeof message === 'string' && message !== '' ? message : undefined;
  } catch {
    return undefined;
  }
}
