import type { DialStage } from '../dialing/dial-attempt.ts';
import { dialFailure } from '../dialing/dial-failure.ts';
import { WebError } from './web-error.ts';

const UNTRUSTED = new Set([
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
]);

/** What a request that got no answer means. */
export function failureOf(cause: unknown, stage: DialStage, url: string): WebError {
  if (cause instanceof WebError) return cause;
  const code = (cause as NodeJS.ErrnoException).code ?? '';
  if (UNTRUSTED.has(code)) {
    const hint =
      'trust the CA of the web certificate: NODE_EXTRA_CA_CERTS in the environment, or trust.webCa of the client';
    const message = `the web certificate of ${url} is not trusted (${code})`;
    return new WebError('connection_problem', message, { stage, url, hint, cause, untrusted: true, retryable: false });
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID' || code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID') {
    const why = code === 'ERR_TLS_CERT_ALTNAME_INVALID' ? 'is for another name' : 'is not valid now';
    const message = `the web certificate of ${url} ${why} (${code})`;
    return new WebError('connection_problem', message, { stage, url, cause, untrusted: true, retryable: false });
  }
  const { stage: reached, error } = dialFailure(stage, cause, { address: url });
  const { hint, retryable } = error;
  return new WebError(error.code, error.message, { stage: reached, url, hint, cause, retryable });
}
