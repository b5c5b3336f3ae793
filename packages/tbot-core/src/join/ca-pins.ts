import { X509Certificate } from 'node:crypto';
import { caPin, formatGoDuration, TeleportError } from '@teleport-ts/api-types';

/** The certificates of a PEM bundle, one PEM text each. */
export function splitPem(bundle: string): string[] {
  const blocks = bundle.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  return blocks.map((block) => `${block}\n`);
}

/**
 * Checks the authorities that a server that nobody vouches for has named: every one must match a pin and be valid now.
 * While a cluster rotates its host CA it has two, and so two pins are needed.
 *
 * @returns the certificates, to be trusted from now on
 * @throws TeleportError `access_denied` naming the pins that were seen; `expired` or `unknown` (clock skew) for a
 * certificate outside its validity
 */
export function checkCaPins(bundle: string, pins: readonly string[], nowMs: number): string[] {
  const certificates = splitPem(bundle);
  if (certificates.length === 0) {
    throw new TeleportError(
      'access_denied',
      'the server has named no certificate authority to compare with the CA pin',
      {
        hint: 'is this address the auth service of a Teleport cluster?',
      },
    );
  }
  const wanted = new Set(pins.map((pin) => pin.trim().toLowerCase()));
  const foreign = certificates.map((certificate) => caPin(certificate)).filter((pin) => !wanted.has(pin));
  if (foreign.length > 0) throw wrongPin(foreign, foreign.length < certificates.length);
  for (const certificate of certificates) checkValidity(new X509Certificate(certificate), nowMs);
  return certificates;
}

/** The server's CA is not among the pinned ones. @param tokenUsed it was found out only after the join */
export function wrongPin(seen: readonly string[], others: boolean, tokenUsed = false): TeleportError {
  const which = others
    ? 'one certificate authority of the cluster matches'
    : 'no certificate authority of the cluster matches';
  const token = tokenUsed ? 'the token has been used up, make a new one' : 'the token was not used up';
  const hint = others
    ? `the cluster rotates its CA: pin both, add ${seen.join(' and ')}; ${token}`
    : `\`tctl status\` on the auth server prints the right pin; this server showed ${seen.join(', ')}, which may be somebody else's; ${token}`;
  return new TeleportError('access_denied', others ? `${which} no CA pin` : `${which} the CA pin`, { hint });
}

function checkValidity(certificate: X509Certificate, nowMs: number): void {
  const [from, to] = [new Date(certificate.validFrom), new Date(certificate.validTo)];
  const hint = `set the clock of this machine: it says ${new Date(nowMs).toISOString()}`;
  const whole = (ms: number): string => formatGoDuration(Math.ceil(ms / 1000) * 1000);
  if (nowMs < from.getTime()) {
    const message = `clock skew: the certificate authority of the cluster is not yet valid, it begins ${whole(from.getTime() - nowMs)} from now by the clock of this machine`;
    throw new TeleportError('unknown', message, { hint });
  }
  if (nowMs > to.getTime()) {
    throw new TeleportError('expired', `the certificate authority of the cluster has expired at ${to.toISOString()}`, {
      hint: `the clock of this machine says ${new Date(nowMs).toISOString()}: is it right?`,
    });
  }
}
