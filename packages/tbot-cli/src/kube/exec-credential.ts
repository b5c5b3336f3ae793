/** Versions of `ExecCredential` that we write: the same content in both. */
export type ExecCredentialVersion = 'client.authentication.k8s.io/v1' | 'client.authentication.k8s.io/v1beta1';

/** All of them, the one that is the default last. */
export const EXEC_CREDENTIAL_VERSIONS: readonly ExecCredentialVersion[] = [
  'client.authentication.k8s.io/v1',
  'client.authentication.k8s.io/v1beta1',
];

/** What kubectl authenticates with. */
export interface ClientCredential {
  /** PEM. */
  readonly certificate: string;
  /** PEM. */
  readonly key: string;
  readonly expires: Date;
}

const EARLY_MS = 60_000;

/**
 * A credential as a kubectl exec plugin prints it (Kubernetes, client-authentication.k8s.io). Its end is told a minute
 * early, where that much is left, so that it does not come in the middle of a request.
 */
export function execCredential(
  { certificate, key, expires }: ClientCredential,
  options: { readonly nowMs: number; readonly version?: ExecCredentialVersion },
): string {
  const { nowMs, version = 'client.authentication.k8s.io/v1beta1' } = options;
  const endMs = expires.getTime();
  const told = new Date(endMs - nowMs > EARLY_MS ? endMs - EARLY_MS : endMs);
  const answer = {
    kind: 'ExecCredential',
    apiVersion: version,
    spec: { interactive: false },
    status: {
      expirationTimestamp: told.toISOString().replace(/\.\d+Z$/, 'Z'),
      clientCertificateData: certificate,
      clientKeyData: key,
    },
  };
  return `${JSON.stringify(answer)}\n`;
}
