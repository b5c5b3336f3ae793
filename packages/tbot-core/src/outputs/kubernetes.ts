import { isIP } from 'node:net';
import { TeleportError } from '@teleport-ts/api-types';
import type { KubernetesIdentityRequest } from '../destination-host.ts';
import type { FileSet } from '../destinations/destination.ts';
import type { Identity } from '../identity.ts';
import { baseFiles, keyAndCertificate } from './base-files.ts';
import { issuingClusterOf } from './host-clusters.ts';
import { kubeconfig } from './kubeconfig.ts';
import type { Output } from './output.ts';
import { hostOf, type ProxyEndpoints } from './proxy-endpoints.ts';

export interface KubernetesOutputOptions {
  readonly proxy: ProxyEndpoints;
  /**
   * The command that gives `kubectl` a credential whenever it needs one, such as `tbot kube credentials`. Default: key and
   * certificate stand in the kubeconfig itself, and end with it.
   */
  readonly exec?: {
    /** Absolute path. */
    readonly command: string;
    readonly args: readonly string[];
  };
}

/**
 * A credential for one Kubernetes cluster, as the kubernetes output of Go's tbot writes it: the usual files and
 * `kubeconfig.yaml`, whose context is `<teleport cluster>-<kubernetes cluster>`.
 *
 * @example
 * const proxy = tlsRoutingEndpoints('teleport.example.com:443');
 * await writeOutput(host, kubernetesOutput({ kind: 'kubernetes', name: 'prod' }, { proxy }), destination);
 */
export function kubernetesOutput(
  request: KubernetesIdentityRequest,
  options: KubernetesOutputOptions,
): Output<KubernetesIdentityRequest> {
  return { request, files: (identity) => kubernetesFiles(identity, options) };
}

/**
 * The files of a kubernetes output: {@link baseFiles} and `kubeconfig.yaml`.
 *
 * @throws TeleportError `bad_parameter` for an identity that leads to no Kubernetes cluster; `not_found` when the proxy
 * serves none
 */
export function kubernetesFiles(identity: Identity, { proxy, exec }: KubernetesOutputOptions): FileSet {
  const { key, tlsCertificate: certificate } = keyAndCertificate(identity);
  const { kubernetesCluster } = identity.tls;
  if (!kubernetesCluster) {
    throw new TeleportError('bad_parameter', 'a kubernetes output needs a certificate for a Kubernetes cluster');
  }
  if (!proxy.kubernetes) {
    throw new TeleportError('not_found', 'the proxy serves no Kubernetes clusters', {
      hint: 'who runs the cluster gives the proxy a `kube_listen_addr`, or TLS routing',
    });
  }
  const issuing = issuingClusterOf(identity);
  // Whatever the cluster, it is the proxy of the issuing one that answers.
  const authorities = identity.authorities
    .filter(({ type, cluster }) => type === 'host' && cluster === issuing)
    .flatMap(({ tlsCertificates }) => tlsCertificates);
  return {
    ...baseFiles(identity),
    'kubeconfig.yaml': kubeconfig({
      name: `${identity.tls.routeToCluster || issuing}-${kubernetesCluster}`,
      server: `https://${proxy.kubernetes}`,
      ...(proxy.tlsRouting ? { tlsServerName: kubernetesServerName(hostOf(proxy.kubernetes)) } : {}),
      authorities: authorities.join('\n'),
      user: exec ? { type: 'exec', ...exec } : { type: 'certificate', certificate, key },
    }),
  };
}

/** What tells a proxy with TLS routing that Kubernetes is meant; the proxy of a nameless address has a name of its own. */
function kubernetesServerName(host: string): string {
  const isNameless = host === '' || host === 'localhost' || isIP(host) !== 0;
  return `kube-teleport-proxy-alpn.${isNameless ? 'teleport.cluster.local' : host}`;
}
