import type { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { TeleportError } from '@teleport-ts/api-types';
import { type CredentialSet, nameAttribute } from '../credentials/credential-set.ts';
import { WrongPeerError } from './dial-attempt.ts';
import type { DialFailure } from './dial-failure.ts';
import { AUTH_SERVER_NAME } from './target.ts';

/** Why the server of a finished handshake is not the auth service that was wanted; undefined when it is. */
export function verifyAuthPeer(
  socket: TLSSocket,
  { address, used: credential }: { address: string; used: CredentialSet },
): DialFailure | undefined {
  if (socket.authorized) return undefined;
  const reason = String(socket.authorizationError);
  const cause = new Error(reason);
  const peer = socket.getPeerX509Certificate();
  if (!peer?.checkHost(AUTH_SERVER_NAME)) {
    const message = `what answers at ${address} is not a Teleport auth service (its certificate is for ${namesOf(peer)})`;
    const hint =
      'for a proxy give its web address, and trust its web certificate by trust.webCa or NODE_EXTRA_CA_CERTS';
    return {
      stage: 'tls',
      error: new WrongPeerError('connection_problem', message, { hint, cause, retryable: false }),
    };
  }
  const [message, hint] = distrust(reason, address, credential, peer);
  return { stage: 'tls', error: new TeleportError('connection_problem', message, { hint, cause, retryable: false }) };
}

function distrust(reason: string, address: string, credential: CredentialSet, peer: X509Certificate): [string, string] {
  if (reason === 'CERT_HAS_EXPIRED' || reason === 'CERT_NOT_YET_VALID') {
    const what =
      reason === 'CERT_HAS_EXPIRED'
        ? `expired at ${dateOf(peer.validTo)}`
        : `is not valid before ${dateOf(peer.validFrom)}`;
    return [
      `the certificate of the auth service at ${address} ${what}`,
      'compare the clocks of this machine and the server',
    ];
  }
  const issuer = nameAttribute(peer.issuer, 'O');
  const of = issuer === undefined ? '' : `; it is the one of the cluster ${issuer}`;
  return [
    `the auth service at ${address} is not trusted: its certificate was not issued by a CA in ${credential.origin} (${reason})${of}`,
    'is this the cluster that the credential is for? After a CA rotation a new credential is needed',
  ];
}

function namesOf(peer: X509Certificate | undefined): string {
  if (!peer) return 'nobody';
  const names = peer.subjectAltName?.split(', ').map((name) => name.replace(/^(DNS|IP Address):/, ''));
  return names?.slice(0, 3).join(', ') || nameAttribute(peer.subject, 'CN') || 'nobody';
}

function dateOf(text: string): string {
  return new Date(text).toISOString();
}
