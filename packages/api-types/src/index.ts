export { caPin } from './ca-pin.ts';
export {
  type CertAuthorityLine,
  type CertAuthorityLineParts,
  formatCertAuthorityLine,
  parseCertAuthorityLine,
} from './cert-authority-line.ts';
export { type Clock, systemClock, type Timer } from './clock.ts';
export { decodeClusterName, encodeClusterName, TELEPORT_CLUSTER_DOMAIN } from './cluster-name.ts';
export { didYouMean } from './did-you-mean.ts';
export { formatGoDuration, msFromNanoseconds, nanosecondsFromMs, parseGoDuration } from './duration.ts';
export { errorFromStatus, type FailedCall, GrpcCode, type GrpcStatus, statusOf } from './grpc-status.ts';
export {
  formatIdentityFile,
  type IdentityFile,
  type ParseIdentityFileOptions,
  parseIdentityFile,
} from './identity-file.ts';
export { type Logger, silentLogger } from './logger.ts';
export { type NewKey, newPrivateKey, newPrivateKeySync } from './new-private-key.ts';
export { type PrivateKeyReading, readPrivateKey } from './private-key.ts';
export { publicKeyDer } from './public-key-pem.ts';
export {
  type GenericDefinition,
  type GenericMethod,
  type MessageCodec,
  type MethodDefinition,
  type MethodName,
  methodPath,
  type RequestInput,
  type RequestOf,
  type ResponseInput,
  type ResponseOf,
  type ServiceDefinition,
  toMethodDefinition,
  toServiceDefinition,
} from './service-definition.ts';
export {
  type KeyAlgorithm,
  type KeyPurpose,
  keyAlgorithmFor,
  type SignatureSuite,
  signatureSuiteFromNumber,
  signatureSuiteNumber,
} from './signature-suites.ts';
export {
  isSshCertificateLine,
  parseSshCertificate,
  type SshCertificate,
  verifySshCertificate,
} from './ssh-certificate.ts';
export { type OpenSshPrivateKeyOptions, openSshPrivateKey, privateKeyPem } from './ssh-private-key.ts';
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
export { type ErrorCode, isTeleportError, TeleportError, type TeleportErrorOptions } from './teleport-error.ts';
export { TELEPORT_OID } from './teleport-oid.ts';
export {
  fromDurationMessage,
  fromTimestamp,
  goZeroTime,
  isZeroTime,
  toDurationMessage,
  toTimestamp,
} from './timestamp.ts';
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
  checkServerVersion,
  compareVersions,
  parseVersion,
  type ServerVersionCheck,
  TELEPORT_API_VERSION,
  TELEPORT_MAJOR,
  type Version,
} from './version.ts';
export {
  type CertificateExtension,
  type CertificateInput,
  certificateDer,
  type DistinguishedName,
  type NameAttribute,
  readX509,
  type X509Fields,
} from './x509-certificate.ts';
