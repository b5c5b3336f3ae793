import { toDurationMessage } from '@teleport-ts/api-types';
import { Empty } from '@teleport-ts/api-types/proto/google/protobuf/empty';
import { GetClusterCACertResponse } from '@teleport-ts/api-types/proto/teleport/proto/ping';
import { TrustServiceDefinition } from '@teleport-ts/api-types/proto/teleport/trust/v1/trust_service';
import type { CertAuthorityV2 } from '@teleport-ts/api-types/proto/teleport/types/cert_authority';
import {
  type CertAuthority,
  type CertAuthorityType,
  certAuthorityView,
} from '@teleport-ts/api-types/resources/cert-authority';
import type { CallOptions } from '../calls/call-options.ts';
import type { Caller } from '../calls/caller.ts';
import { authMethods, unary } from './auth-methods.ts';
import { named } from './required.ts';

const Auth = authMethods({ getClusterCaCert: unary('GetClusterCACert', Empty, GetClusterCACertResponse) });

/** Which authority. */
export interface CertAuthorityId {
  readonly type: CertAuthorityType;
  /** The cluster that it is of: the own one, a leaf, or a root. */
  readonly clusterName: string;
}

/** A step of a rotation. */
export interface CertAuthorityRotation {
  readonly type: CertAuthorityType;
  /** Default `init`. Then `update_clients`, `update_servers`, `standby`; `rollback` leads back from each but the last. */
  readonly targetPhase?: 'init' | 'update_clients' | 'update_servers' | 'standby' | 'rollback';
  /** `manual` (default), or `auto`: the cluster goes through the phases by itself. */
  readonly mode?: 'manual' | 'auto';
  /** How long clients and servers have to take over the new generation, in milliseconds. Default: the cluster's, 30 hours. */
  readonly gracePeriodMs?: number;
}

/** An authority without its private keys. @throws TeleportError `not_found` */
export async function getCertAuthority(
  client: Caller,
  { type, clusterName }: CertAuthorityId,
  options?: CallOptions,
): Promise<CertAuthority> {
  const request = { type, domain: clusterName };
  return certAuthorityView(await client.unary(TrustServiceDefinition, 'getCertAuthority', request, options));
}

/**
 * All authorities of a type, without their private keys: the cluster's own, and those of the clusters that it trusts. Of
 * `db` those of `db_client` come too.
 */
export async function getCertAuthorities(
  client: Caller,
  type: CertAuthorityType,
  options?: CallOptions,
): Promise<readonly CertAuthority[]> {
  const answer = await client.unary(TrustServiceDefinition, 'getCertAuthorities', { type }, options);
  return answer.certAuthoritiesV2.map(certAuthorityView);
}

/**
 * The certificates that servers of a cluster are checked by, PEM: those that sign, then those that are trusted besides.
 * For a leaf ask its root. Anybody may who has a certificate.
 *
 * @throws TeleportError `not_found` for a cluster that is not trusted
 */
export async function getHostCaCerts(
  client: Caller,
  clusterName: string,
  options?: CallOptions,
): Promise<readonly string[]> {
  return (await getCertAuthority(client, { type: 'host', clusterName }, options)).tlsCertificates;
}

/** The same of the cluster that the client talks to, without knowing its name. Anybody may, even without a certificate. */
export async function getClusterCaCert(client: Caller, options?: CallOptions): Promise<readonly string[]> {
  const { TLSCA } = await client.unary(Auth, 'getClusterCaCert', {}, options);
  return TLSCA.toString().match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----\n?/g) ?? [];
}

/** Makes or replaces an authority with the keys in the message: for restoring one. */
export async function upsertCertAuthority(
  client: Caller,
  authority: CertAuthorityV2,
  options?: CallOptions,
): Promise<CertAuthority> {
  const request = { certAuthority: named('certificate authority', authority) };
  return certAuthorityView(await client.unary(TrustServiceDefinition, 'upsertCertAuthority', request, options));
}

/** Ends the trust in an authority. */
export async function deleteCertAuthority(
  client: Caller,
  { type, clusterName }: CertAuthorityId,
  options?: CallOptions,
): Promise<void> {
  await client.unary(TrustServiceDefinition, 'deleteCertAuthority', { type, domain: clusterName }, options);
}

/**
 * Takes an authority of the own cluster one step through its rotation, or starts one that goes by itself.
 *
 * @throws TeleportError `bad_parameter` when the phase may not follow the one that the authority is in
 */
export async function rotateCertAuthority(
  client: Caller,
  { type, targetPhase = 'init', mode = 'manual', gracePeriodMs }: CertAuthorityRotation,
  options?: CallOptions,
): Promise<void> {
  const gracePeriod = gracePeriodMs === undefined ? undefined : toDurationMessage(gracePeriodMs);
  const request = { type, targetPhase, mode, gracePeriod };
  await client.unary(TrustServiceDefinition, 'rotateCertAuthority', request, options);
}
