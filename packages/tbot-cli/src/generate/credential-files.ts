import { formatGoDuration, TeleportError } from '@teleport-ts/api-types';
import {
  applicationFiles,
  databaseFiles,
  type FileSet,
  type Identity,
  identityFiles,
  type KubernetesIdentityRequest,
  kubernetesFiles,
  type ProxyEndpoints,
  parseSocketPath,
} from '@teleport-ts/tbot-core/client';
import type { GeneratePlan } from './plan.ts';

/** The files of one credential, and what there is to say about them. */
export interface CredentialFiles {
  readonly files: FileSet;
  /** For people, without `note:`. */
  readonly notes: readonly string[];
}

/**
 * Makes the files of credentials as a plan wants them, first and renewed ones. Where the proxy is matters to OpenSSH and
 * kubectl alone, so only their kinds look it up, once.
 */
export class CredentialFileMaker {
  readonly #plan: GeneratePlan;
  readonly #directory: string;
  #proxy: ProxyEndpoints | undefined;

  /** @param directory absolute path of where the files will be */
  constructor(plan: GeneratePlan, directory: string) {
    this.#plan = plan;
    this.#directory = directory;
  }

  /** @throws TeleportError when the credential cannot become the files of its kind */
  async filesOf(identity: Identity): Promise<CredentialFiles> {
    const { request, files: options } = this.#plan;
    switch (request.kind) {
      case 'application':
        return { files: applicationFiles(identity, options), notes: [] };
      case 'database':
        return { files: databaseFiles(identity, options), notes: [] };
      case 'identity':
        return await this.#identityFiles(identity);
      case 'kubernetes':
        return await this.#kubernetesFiles(identity, request);
    }
  }

  async #identityFiles(identity: Identity): Promise<CredentialFiles> {
    const address = identity.route?.proxyAddress;
    if (this.#plan.files.sshConfig === false) return { files: identityFiles(identity), notes: [] };
    if (!address) {
      const note = "the agent does not know the proxy's address: without it there are no files for OpenSSH";
      return { files: identityFiles(identity), notes: [note] };
    }
    const { endpoints, note } = await this.#lookUp(address);
    const directory = { path: this.#directory, tbotPath: tbotPath() };
    return { files: identityFiles(identity, { proxy: endpoints, directory }), notes: note ? [note] : [] };
  }

  async #kubernetesFiles(identity: Identity, request: KubernetesIdentityRequest): Promise<CredentialFiles> {
    const address = identity.route?.proxyAddress;
    if (!address) {
      throw new TeleportError('not_found', "the agent does not know the proxy's address, which a kubeconfig needs", {
        hint: 'take --print, or let the agent reach its cluster by the proxy',
      });
    }
    const { endpoints, note } = await this.#lookUp(address);
    const exec = { command: tbotPath(), args: kubeCredentialsArgs(this.#plan.socket, request) };
    const how = this.#plan.files.disableExecPlugin ? {} : { exec };
    return { files: kubernetesFiles(identity, { proxy: endpoints, ...how }), notes: note ? [note] : [] };
  }

  async #lookUp(address: string): Promise<{ readonly endpoints: ProxyEndpoints; readonly note?: string }> {
    if (this.#proxy) return { endpoints: this.#proxy };
    const { lookUpProxy } = await import('./proxy-look-up.ts');
    const found = await lookUpProxy(address, { timeoutMs: this.#plan.timeoutMs });
    // What was only assumed is asked for again with the next credential.
    if (found.note === undefined) this.#proxy = found.endpoints;
    return found;
  }
}

/** The command line that kubectl gets its credentials by: it asks the same agent for the same thing. */
function kubeCredentialsArgs(socket: string, request: KubernetesIdentityRequest): string[] {
  const { name, cluster, roles, ttlMs } = request;
  return [
    'kube',
    'credentials',
    `--socket=${parseSocketPath(socket)}`,
    `--kubernetes-cluster=${name}`,
    ...(cluster === undefined ? [] : [`--cluster=${cluster}`]),
    ...(roles ? [`--roles=${roles.join(',')}`] : []),
    ...(ttlMs === undefined ? [] : [`--ttl=${formatGoDuration(ttlMs)}`]),
  ];
}

/** This command as others may call it: not resolved, since a link outlives what it points to. */
function tbotPath(): string {
  return process.argv[1] ?? 'tbot';
}
