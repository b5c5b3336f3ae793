import { TeleportError } from '@teleport-ts/api-types';
import { UsageError } from '../exit.ts';
import { issueCredential } from '../generate/issue.ts';
import { requestOf, socketOf, timeoutOf } from '../generate/plan.ts';
import { openHost } from '../generate/run.ts';
import { print } from '../standard-output.ts';
import { execCredential } from './exec-credential.ts';
import { askedVersion } from './exec-info.ts';
import type { KubeArguments } from './kube-arguments.ts';

/** `tbot kube credentials`, from its arguments to what it prints. */
export async function printKubeCredentials(given: KubeArguments): Promise<void> {
  print(await kubeCredentials(given, process.env, Date.now));
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * A kubectl exec plugin: asks an agent for a credential for one Kubernetes cluster, or takes the one in a directory that
 * somebody keeps fresh, and gives it as kubectl reads it. Nothing is kept: kubectl itself holds a credential until it ends.
 *
 * @throws UsageError, or TeleportError as {@link issueCredential}
 */
export async function kubeCredentials(given: KubeArguments, env: Environment, nowMs: () => number): Promise<string> {
  const asked = askedVersion(env);
  const version = asked ? { version: asked } : {};
  if (given.destinationDir !== undefined) {
    if (given.socket !== undefined) throw new UsageError('--socket and --destination-dir exclude each other');
    const { credentialInDirectory } = await import('./credential-in-directory.ts');
    const credential = await credentialInDirectory(given.destinationDir, nowMs());
    return execCredential(credential, { nowMs: nowMs(), ...version });
  }
  const socket = socketOf(given, env);
  const timeoutMs = timeoutOf(given);
  const request = requestOf({ ...given, kind: 'kubernetes' });
  const host = openHost({ socket, timeoutMs });
  try {
    const identity = await issueCredential(host, { request, timeoutMs, wait: given.wait ?? false });
    const { tlsCertificate: certificate, privateKeyPem: key, expires } = identity;
    if (!certificate || !key) throw new TeleportError('unknown', 'the agent answered without a certificate');
    return execCredential({ certificate, key, expires }, { nowMs: nowMs(), ...version });
  } finally {
    await host.close();
  }
}
