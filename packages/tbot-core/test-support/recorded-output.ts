import { createPrivateKey } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { parseCertAuthorityLine, parseIdentityFile, readX509, TELEPORT_OID } from '@teleport-ts/api-types';
import { Identity } from '../src/identity.ts';
import type { AuthorityType, TrustedAuthority } from '../src/trusted-authority.ts';

// Sets that the outputs of Go's tbot 18.0.0 wrote, taken apart.

const RECORDED = new URL('../testdata/teleport-18/', import.meta.url);

/** File names to contents. */
export type RecordedSet = Readonly<Record<string, string>>;

export function recordedSet(name: string): RecordedSet {
  const folder = new URL(`${name}/`, RECORDED);
  const files = readdirSync(folder, { recursive: true }).map(String);
  return Object.fromEntries(
    files
      .filter((file) => statSync(new URL(file, folder)).isFile())
      .map((file) => [file, readFileSync(new URL(file, folder), 'utf8')]),
  );
}

/** The identity that a set was written from. */
export function identityOf(set: RecordedSet): Identity {
  return Identity.create(identityPartsOf(set));
}

export function identityPartsOf(set: RecordedSet): Parameters<typeof Identity.create>[0] {
  return {
    privateKey: createPrivateKey(set.key!),
    tlsCertificate: set.tlscert!,
    sshCertificate: set['key-cert.pub']!.trimEnd(),
    authorities: authoritiesOf(set),
  };
}

function certificatesIn(pem: string): string[] {
  return pem.match(/-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n/gs) ?? [];
}

/** The authorities that a set tells of: those of hosts in the order of its identity file. */
function authoritiesOf(set: RecordedSet): TrustedAuthority[] {
  const { sshAuthorities } = parseIdentityFile(set.identity!);
  const sshKeys = new Map(sshAuthorities.map(parseCertAuthorityLine).map((line) => [line.cluster, line.publicKey]));
  const ofType = (type: AuthorityType, file: string): TrustedAuthority[] =>
    certificatesIn(set[file]!).map((certificate) => {
      const cluster = readX509(certificate)
        .subject.flat()
        .find(({ oid }) => oid === TELEPORT_OID.user)!.value!;
      const sshKey = type === 'host' ? sshKeys.get(cluster) : undefined;
      return { type, cluster, tlsCertificates: [certificate], sshPublicKeys: sshKey ? [sshKey] : [] };
    });
  return [
    ...ofType('user', 'teleport-user-ca.crt'),
    ...ofType('host', 'teleport-host-ca.crt'),
    ...ofType('db', 'teleport-database-ca.crt'),
  ];
}
