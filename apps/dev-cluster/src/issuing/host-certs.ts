import { fromDurationMessage } from '@teleport-ts/api-types';
import type { GenerateHostCertRequest } from '@teleport-ts/api-types/proto/teleport/trust/v1/trust';
import { SYSTEM_ROLES } from '@teleport-ts/api-types/resources/system-roles';
import { lockError, lockOn } from '../access/locks.ts';
import type { ClusterContext } from '../cluster-context.ts';
import { badParameter } from '../errors.ts';
import { issueSshHostCertificate } from '../pki/ssh-certificate.ts';
import { readSshKey } from './certificates.ts';

/**
 * The SSH certificate of a host, a line with its newline. The cluster that it names is the caller's word; it is signed by
 * this cluster's host authority all the same.
 *
 * @throws TeleportError with the texts of the real one
 */
export function generateHostCert(
  { state, authorities, clock }: ClusterContext,
  request: GenerateHostCertRequest,
): Buffer {
  const { hostId, nodeName, principals, clusterName, role } = request;
  for (const serverId of [hostId, `${hostId}.${clusterName}`]) {
    const lock = lockOn({ user: '', roles: [], accessRequests: [], serverId }, state.locks.values(), clock.now());
    if (lock) throw lockError(lock);
  }
  if (hostId === '' && principals.length === 0) {
    throw badParameter('ssh host certificate request missing host ID and principals');
  }
  if (clusterName === '') throw badParameter('ssh host certificate request missing cluster name');
  if (!SYSTEM_ROLES.has(role)) throw badParameter(`role ${role} is not registered`);
  const ttlMs = fromDurationMessage(request.ttl) ?? 0;
  const line = issueSshHostCertificate(authorities.signing('host'), {
    publicKey: readSshKey(request.key),
    role,
    hostId,
    nodeName,
    principals,
    clusterName,
    ...(ttlMs !== 0 && { validBefore: new Date(clock.now() + ttlMs) }),
  });
  return Buffer.from(`${line}\n`);
}
