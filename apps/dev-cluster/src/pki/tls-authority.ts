import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { readX509, TELEPORT_OID } from '@teleport-ts/api-types';
import {
  authorityKeyIdentifier,
  basicConstraintsAuthority,
  keyIdentifier,
  keyUsage,
  subjectKeyIdentifier,
} from './x509-extensions.ts';
import { distinguishedName } from './x509-name.ts';
import { certificatePem, randomSerial, signCertificate } from './x509-writer.ts';

/** An X.509 authority: its certificate and key, with what every certificate of its repeats kept in DER. */
export interface TlsAuthority {
  readonly certificate: string;
  readonly privateKey: KeyObject;
  /** The authority's name, DER. */
  readonly name: Buffer;
  /** The extension that names the authority's key, DER. */
  readonly keyIdentifierExtension: Buffer;
}

export const tenYearsMs: number = 10 * 365 * 24 * 60 * 60 * 1000;

/** A self-signed authority in a cluster's name, good for ten years; its serial number is part of its name. */
export function makeTlsAuthority(privateKey: KeyObject, clusterName: string, notBefore: Date): TlsAuthority {
  const publicKeyDer = createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
  const serial = randomSerial();
  const name = distinguishedName([
    [TELEPORT_OID.roles, [clusterName]],
    [TELEPORT_OID.user, [clusterName]],
    [TELEPORT_OID.authoritySerial, [BigInt(`0x${serial.toString('hex')}`).toString()]],
  ]);
  const usage =
    privateKey.asymmetricKeyType === 'rsa'
      ? keyUsage('digitalSignature', 'keyEncipherment', 'keyCertSign', 'cRLSign')
      : keyUsage('digitalSignature', 'keyCertSign', 'cRLSign');
  const der = signCertificate(
    {
      serial,
      issuerName: name,
      notBefore,
      notAfter: new Date(notBefore.getTime() + tenYearsMs),
      subjectName: name,
      publicKeyDer,
      extensions: [usage, basicConstraintsAuthority, subjectKeyIdentifier(keyIdentifier(publicKeyDer))],
    },
    privateKey,
  );
  return readTlsAuthority(certificatePem(der), privateKey);
}

/** The authority behind a certificate and its private key (PEM or key object). */
export function readTlsAuthority(certificate: string, privateKey: KeyObject | string): TlsAuthority {
  const { subjectDer, publicKeyDer } = readX509(certificate);
  return {
    certificate,
    privateKey: typeof privateKey === 'string' ? createPrivateKey(privateKey) : privateKey,
    name: Buffer.from(subjectDer),
    keyIdentifierExtension: authorityKeyIdentifier(keyIdentifier(publicKeyDer)),
  };
}
