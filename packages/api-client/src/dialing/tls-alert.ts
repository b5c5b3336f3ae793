/** The alerts of TLS (RFC 8446 section 6) that decide what an error means. */
export type TlsAlert =
  | 'bad_certificate'
  | 'certificate_expired'
  | 'certificate_unknown'
  | 'unknown_ca'
  | 'access_denied'
  | 'decrypt_error'
  | 'certificate_required'
  | 'no_application_protocol';

const numbers: Readonly<Record<number, TlsAlert>> = {
  42: 'bad_certificate',
  45: 'certificate_expired',
  46: 'certificate_unknown',
  48: 'unknown_ca',
  49: 'access_denied',
  51: 'decrypt_error',
  116: 'certificate_required',
  120: 'no_application_protocol',
};

/** The alert that the other side ended a connection with, if the error tells of one. OpenSSL puts its number into the text. */
export function tlsAlert(error: unknown): TlsAlert | undefined {
  const number = /alert number (\d+)/i.exec(error instanceof Error ? error.message : String(error))?.[1];
  return number === undefined ? undefined : numbers[Number(number)];
}
