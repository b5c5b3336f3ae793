import { UsageError } from '../exit.ts';
import { EXEC_CREDENTIAL_VERSIONS, type ExecCredentialVersion } from './exec-credential.ts';

const VARIABLE = 'KUBERNETES_EXEC_INFO';

/**
 * The version that kubectl wants its answer in: it says so in an environment variable, JSON.
 *
 * @returns undefined when the variable is not set
 * @throws UsageError for a version that we do not write
 */
export function askedVersion(env: Readonly<Record<string, string | undefined>>): ExecCredentialVersion | undefined {
  const text = env[VARIABLE];
  if (!text) return undefined;
  const version = versionIn(text);
  const known = EXEC_CREDENTIAL_VERSIONS.find((each) => each === version);
  if (known === undefined) {
    throw new UsageError(
      `${VARIABLE} asks for apiVersion ${JSON.stringify(version)}, which this command does not write`,
      `name one of these in the kubeconfig: ${EXEC_CREDENTIAL_VERSIONS.join(', ')}`,
    );
  }
  return known;
}

function versionIn(text: string): unknown {
  try {
    return (JSON.parse(text) as { apiVersion?: unknown } | null)?.apiVersion;
  } catch {
    throw new UsageError(`${VARIABLE} is not JSON`, 'kubectl sets it; unset it to run this command by hand');
  }
}
