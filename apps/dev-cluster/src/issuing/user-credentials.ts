import { createPublicKey } from 'node:crypto';
import {
  formatCertAuthorityLine,
  formatIdentityFile,
  keyAlgorithmFor,
  privateKeyPem,
  sshPublicKeyLine,
} from '@teleport-ts/api-types';
import { RoleSet } from '../access/role-set.ts';
import type { ClusterContext } from '../cluster-context.ts';
import { notFound } from '../errors.ts';
import { makePrivateKeyInBackground } from '../pki/key-pair.ts';
import { fromLabelValues } from '../resources.ts';
import { BOT_LABEL } from '../state/bots.ts';
import { issueCertificates } from './certificates.ts';

export interface UserCredentialsRequest {
  readonly user: string;
  /** Default 8 hours. The roles' session limits do not apply. */
  readonly ttlMs?: number;
  /** Default: all roles of the user. */
  readonly roles?: readonly string[];
  /**
   * As `tsh login` would give them: not marked as made by somebody else, so that their holder may have them issued again
   * with access requests. Default false.
   */
  readonly login?: boolean;
}

/** What `tctl auth sign` makes, in its three forms. */
export interface UserCredentials {
  /** Private key, PEM; it belongs to both certificates. */
  readonly key: string;
  /** PEM. */
  readonly cert: string;
  /** The cluster's host authorities, PEM. */
  readonly cas: readonly string[];
  /** SSH certificate, one line. */
  readonly sshCert: string;
  /** All of it as an identity file. */
  readonly identityFile: string;
}

const DEFAULT_TTL_MS = 8 * 3_600_000;

/** Credentials for a user without a login. */
export async function issueUserCredentials(
  context: ClusterContext,
  request: UserCredentialsRequest,
): Promise<UserCredentials> {
  const { state, authorities, clock } = context;
  const user = state.users.get(request.user);
  if (!user) throw notFound(`"user" ${JSON.stringify(request.user)} does not exist`);
  const traits = fromLabelValues(user.Spec?.Traits);
  const names = request.roles ?? user.Spec?.Roles ?? [];
  const roles = names.map((name) => {
    const role = state.roles.get(name);
    if (!role) throw notFound(`role ${name} is not found`);
    return role;
  });
  const key = await makePrivateKeyInBackground(keyAlgorithmFor(state.facts.signatureSuite, 'user-tls'));
  const botName = user.Metadata?.Labels.get(BOT_LABEL);
  const certs = issueCertificates(context, {
    user: request.user,
    roles: new RoleSet(roles, traits),
    traits,
    expires: clock.now() + (request.ttlMs ?? DEFAULT_TTL_MS),
    sshPublicKey: Buffer.from(sshPublicKeyLine(key)),
    tlsPublicKey: Buffer.from(createPublicKey(key).export({ type: 'spki', format: 'pem' })),
    routeToCluster: '',
    kubernetesCluster: '',
    activeRequests: [],
    marks: {
      ...(!request.login && { impersonator: `${state.facts.hostId}.${state.name}` }),
      ...(botName !== undefined && { botName }),
    },
    includeHostAuthority: false,
  });
  const cas = authorities.tlsCertificates('host');
  const parts = { privateKey: privateKeyPem(key), tlsCertificate: certs.TLS.toString() };
  const sshCert = certs.SSH.toString().trimEnd();
  const identityFile = formatIdentityFile({
    ...parts,
    sshCertificate: sshCert,
    sshAuthorities: authorities
      .sshPublicKeys('host')
      .map((publicKey) => formatCertAuthorityLine({ cluster: state.name, publicKey: publicKey.trimEnd() })),
    tlsAuthorities: cas,
  });
  return { key: parts.privateKey, cert: parts.tlsCertificate, cas, sshCert, identityFile };
}
