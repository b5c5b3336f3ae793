import { formatGoDuration, TeleportError } from '@teleport-ts/api-types';
import { type Identity, type IdentityRequest, tlsCertificatesOf } from '@teleport-ts/tbot-core/client';
import { execCredential } from '../kube/exec-credential.ts';
import { credentialFacts } from './credential-facts.ts';
import type { PrintFormat } from './plan.ts';
import { isoSeconds } from './report.ts';

type EnvSource = Pick<
  Identity,
  'tlsCertificate' | 'privateKeyPem' | 'sshCertificate' | 'authorities' | 'roles' | 'expires' | 'route'
>;

/** A credential as text for another program, its private key in it. */
export function printedCredential(identity: Identity, request: IdentityRequest, format: PrintFormat): string {
  const { privateKeyPem: key, tlsCertificate: certificate } = identity;
  if (!key || !certificate) throw new TeleportError('bad_parameter', 'the agent answered without a certificate');
  switch (format) {
    case 'json':
      return `${JSON.stringify(jsonOf(identity, request), null, 2)}\n`;
    case 'pem':
      return `${certificate}${key}`;
    case 'env':
      return envOf(identity)
        .map(([name, value]) => `export ${name}=${shellQuoted(value)}\n`)
        .join('');
    case 'exec-credential':
      return execCredential({ certificate, key, expires: identity.expires }, { nowMs: Date.now() });
  }
}

function jsonOf(identity: Identity, { kind }: IdentityRequest): object {
  const { roles, expires, refreshAt, serial, ttl, route, tls, authorities } = identity;
  return {
    kind,
    user: tls.user,
    roles,
    serial,
    expires: isoSeconds(expires),
    refreshAt: isoSeconds(refreshAt),
    ttl: {
      asked: formatGoDuration(ttl.askedMs),
      effective: formatGoDuration(ttl.effectiveMs),
      ...(ttl.cutBy ? { cutBy: ttl.cutBy } : {}),
    },
    ...(route ? { route } : {}),
    privateKey: identity.privateKeyPem,
    tlsCertificate: identity.tlsCertificate,
    sshPublicKey: identity.sshPublicKey,
    ...(identity.sshCertificate ? { sshCertificate: identity.sshCertificate } : {}),
    authorities,
  };
}

/** What `--print env` sets, in its order; a variable without a value is left out. */
function envOf(identity: EnvSource): [name: string, value: string][] {
  const { authorities } = identity;
  const all: [string, string | undefined][] = [
    ['TBOT_TLS_CERTIFICATE', identity.tlsCertificate],
    ['TBOT_PRIVATE_KEY', identity.privateKeyPem],
    ['TBOT_SSH_CERTIFICATE', identity.sshCertificate],
    ['TBOT_HOST_CA', tlsCertificatesOf(authorities, 'host').join('')],
    ['TBOT_USER_CA', tlsCertificatesOf(authorities, 'user').join('')],
    ['TBOT_DATABASE_CA', tlsCertificatesOf(authorities, 'db').join('')],
    ...credentialFacts(identity),
  ];
  return all.filter((variable): variable is [string, string] => Boolean(variable[1]));
}

/** So that a shell reads just that text, whatever is in it. */
function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
