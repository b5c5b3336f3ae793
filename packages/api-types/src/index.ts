export {
  parseSshPublicKey,
  type SshKeyType,
  type SshPublicKey,
  sshFingerprint,
  sshPublicKeyBlob,
  sshPublicKeyFromBlob,
  sshPublicKeyLine,
  sshPublicKeyObject,
} from './ssh-public-key.ts';
export { TELEPORT_OID } from './teleport-oid.ts';
export {
  type AppRoute,
  type DatabaseRoute,
  type DeviceBinding,
  identityFromSubject,
  parseTlsIdentity,
  type TlsIdentity,
  type TlsIdentityFields,
} from './tls-identity.ts';
export { formatTraits, parseTraits, type Traits } from './traits.ts';
export {
  type CertificateExtension,
  type CertificateInput,
  certificateDer,
  type DistinguishedName,
  type NameAttribute,
  readX509,
  type X509Fields,
} from './x509-certificate.ts';
