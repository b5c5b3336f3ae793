import { isTeleportError, TeleportError } from '@teleport-ts/api-types';
import { GetCertAuthorityRequest } from '@teleport-ts/api-types/proto/teleport/trust/v1/trust';
import { CertAuthorityV2 } from '@teleport-ts/api-types/proto/teleport/types/cert_authority';
import type { Caller } from '../calls/caller.ts';
import type { CredentialSource } from './credential-source.ts';

/** One method, apart from its service. */
const TrustDefinition = {
  name: 'TrustService',
  fullName: 'teleport.trust.v1.TrustService',
  methods: {
    getCertAuthority: {
      name: 'GetCertAuthority',
      requestType: GetCertAuthorityRequest as typeof GetCertAuthorityRequest,
      requestStream: false,
      responseType: CertAuthorityV2 as typeof CertAuthorityV2,
      responseStream: false,
    },
  },
} as const;

/**
 * A root's credential as it is used at a leaf: it trusts the leaf's host CA too, as the root knows it. The root is asked
 * again for each new connection, since the CA may have been rotated; if it gives no answer, what it said before counts.
 */
export function leafCredential(source: CredentialSource, root: Caller, cluster: string): CredentialSource {
  let known: readonly string[] | undefined;
  const authorities = async (signal: AbortSignal | undefined): Promise<readonly string[]> => {
    try {
      known = await fetchHostCa(root, cluster, signal);
    } catch (error) {
      if (signal?.aborted || !known || isTeleportError(error, 'not_found')) throw error;
    }
    return known;
  };
  return {
    kind: source.kind,
    paths: () => source.paths?.() ?? [],
    onChange: (changed) => source.onChange?.(changed) ?? (() => {}),
    async current({ signal } = {}) {
      const set = await source.current({ ...(signal && { signal }) });
      return set.trusting(await authorities(signal));
    },
  };
}

async function fetchHostCa(root: Caller, cluster: string, signal: AbortSignal | undefined): Promise<readonly string[]> {
  const request = { type: 'host', domain: cluster, includeKey: false };
  const { Spec } = await root
    .unary(TrustDefinition, 'getCertAuthority', request, signal ? { signal } : {})
    .catch((error) => {
      throw isTeleportError(error, 'not_found') ? unknown(cluster, error) : error;
    });
  const keys = [...(Spec?.ActiveKeys?.TLS ?? []), ...(Spec?.AdditionalTrustedKeys?.TLS ?? [])];
  return keys.map(({ Cert }) => Cert.toString('utf8'));
}

function unknown(cluster: string, cause: TeleportError): TeleportError {
  return new TeleportError('not_found', `the cluster ${cluster} is not known here`, {
    cause,
    hint: '`tctl get remote_cluster` lists the leaf clusters',
    ...(cause.rpc !== undefined && { rpc: cause.rpc }),
  });
}
