import type { PlainIdentityRequest } from '../destination-host.ts';
import type { FileSet } from '../destinations/destination.ts';
import type { Identity } from '../identity.ts';
import { baseFiles } from './base-files.ts';
import { hostClustersOf } from './host-clusters.ts';
import { clusterKnownHosts, knownHosts } from './known-hosts.ts';
import type { Output } from './output.ts';
import { hostOf, type ProxyEndpoints } from './proxy-endpoints.ts';
import { clusterSshConfig, sshConfig } from './ssh-config.ts';

export interface IdentityOutputOptions {
  /** The proxy, for the files of OpenSSH. Default: they are not written. */
  readonly proxy?: ProxyEndpoints;
  /** Where the files will be, for the configuration of OpenSSH to name them. Default: of its files only `known_hosts`. */
  readonly directory?: {
    /** Absolute. */
    readonly path: string;
    /** Absolute path of the tbot command, which carries OpenSSH's connections through the proxy. */
    readonly tbotPath: string;
  };
}

/**
 * A credential for SSH and for Teleport's own clients, as the identity output of Go's tbot writes it.
 *
 * | File beside the usual ones | Content |
 * | --- | --- |
 * | `known_hosts` | whom to trust, by name of the node |
 * | `ssh_config` | for `ssh -F`, with the nodes of all clusters |
 * | `<cluster>.ssh_config`, `<cluster>.known_hosts` | of one cluster, for an `Include` |
 *
 * @example
 * const proxy = tlsRoutingEndpoints('teleport.example.com:443');
 * const directory = { path: '/opt/machine-id', tbotPath: '/usr/local/bin/tbot' };
 * await writeOutput(host, identityOutput({ kind: 'identity' }, { proxy, directory }), destination);
 */
export function identityOutput(
  request: PlainIdentityRequest,
  options: IdentityOutputOptions = {},
): Output<PlainIdentityRequest> {
  return { request, files: (identity) => identityFiles(identity, options) };
}

/** The files of an identity output: {@link baseFiles}, and those of OpenSSH. */
export function identityFiles(identity: Identity, { proxy, directory }: IdentityOutputOptions = {}): FileSet {
  const files = baseFiles(identity);
  if (!proxy) return files;
  const clusters = hostClustersOf(identity);
  const known = knownHosts(clusters, hostOf(proxy.ssh));
  if (!directory) return { ...files, known_hosts: known };
  const parts = { proxy, directory: directory.path, tbotPath: directory.tbotPath };
  return {
    ...files,
    known_hosts: known,
    ...Object.fromEntries(
      clusters.flatMap((cluster) => [
        [`${cluster.name}.ssh_config`, clusterSshConfig(cluster.name, parts)],
        [`${cluster.name}.known_hosts`, clusterKnownHosts(cluster)],
      ]),
    ),
    ssh_config: sshConfig(
      clusters.map(({ name }) => name),
      parts,
    ),
  };
}
