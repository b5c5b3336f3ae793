import { badParameter } from '../bad-parameter.ts';
import { CAKeySet, CertAuthoritySpecV2, type CertAuthorityV2 } from '../gen/teleport/types/cert_authority.ts';
import { Metadata } from '../gen/teleport/types/resource.ts';
import type { Rotation as RotationMessage } from '../gen/teleport/types/rotation.ts';
import { isZeroTime } from '../timestamp.ts';
import { checkMetadata } from './metadata.ts';
import { type ResourceView, resourceView } from './resource.ts';
import { type Rotation, rotationView } from './rotation.ts';

/** What an authority signs for. */
export const CERT_AUTHORITY_TYPES = [
  'host',
  'user',
  'db',
  'db_client',
  'openssh',
  'jwt',
  'saml_idp',
  'oidc_idp',
  'spiffe',
  'okta',
  'awsra',
  'bound_keypair',
] as const;

/** One of {@link CERT_AUTHORITY_TYPES}. */
export type CertAuthorityType = (typeof CERT_AUTHORITY_TYPES)[number];

/** The public halves of an authority's keys. */
export interface CertAuthorityKeys {
  /** PEM. */
  readonly tlsCertificates: readonly string[];
  /** Lines of `authorized_keys`. */
  readonly sshPublicKeys: readonly string[];
  /** PEM. */
  readonly jwtPublicKeys: readonly string[];
}

/** What a cluster signs with, or trusts. Its name is that of its cluster. */
export interface CertAuthority extends ResourceView<CertAuthorityV2>, CertAuthorityKeys {
  readonly type: string;
  readonly clusterName: string;
  /** Those that sign; the members of the authority itself hold all that are trusted, these first. */
  readonly active: CertAuthorityKeys;
  readonly rotation: Rotation | undefined;
  /** Which local roles holders of a leaf's or root's roles get: `{ deployer: ['guest'] }`. */
  readonly roleMap: Readonly<Record<string, readonly string[]>>;
}

/** An authority as its message says it. Private keys, where they were asked for, stand in `raw` alone. */
export function certAuthorityView(message: CertAuthorityV2): CertAuthority {
  const spec = message.Spec ?? CertAuthoritySpecV2.create();
  const active = keysView(spec.ActiveKeys);
  const additional = keysView(spec.AdditionalTrustedKeys);
  return {
    ...resourceView(message),
    type: spec.Type,
    clusterName: spec.ClusterName,
    active,
    tlsCertificates: [...active.tlsCertificates, ...additional.tlsCertificates],
    sshPublicKeys: [...active.sshPublicKeys, ...additional.sshPublicKeys],
    jwtPublicKeys: [...active.jwtPublicKeys, ...additional.jwtPublicKeys],
    rotation: rotationView(spec.Rotation),
    roleMap: Object.fromEntries(spec.RoleMap.map(({ Remote, Local }) => [Remote, Local])),
  };
}

const keysView = ({ TLS, SSH, JWT }: CAKeySet = CAKeySet.create()): CertAuthorityKeys => ({
  tlsCertificates: TLS.map(({ Cert }) => Cert.toString()),
  sshPublicKeys: SSH.map(({ PublicKey }) => PublicKey.toString().trim()),
  jwtPublicKeys: JWT.map(({ PublicKey }) => PublicKey.toString()),
});

/**
 * What holds for any authority, whichever cluster it is of, with the defaults that the basic part of a cluster fills in.
 *
 * @throws TeleportError `bad_parameter`, with the texts of a Teleport 18
 */
export function checkAndSetDefaults(authority: CertAuthorityV2): CertAuthorityV2 {
  const spec = authority.Spec ?? CertAuthoritySpecV2.create();
  const given = authority.Metadata ?? Metadata.create();
  const metadata = checkMetadata({ ...given, Name: given.Name || spec.ClusterName });
  if (!(CERT_AUTHORITY_TYPES as readonly string[]).includes(spec.Type)) {
    throw badParameter(`${JSON.stringify(spec.Type)} authority type is not supported`);
  }
  if (metadata.Name.trim() === '') throw badParameter('identity validation error: empty domain name');
  const { ActiveKeys = CAKeySet.create(), AdditionalTrustedKeys = CAKeySet.create() } = spec;
  for (const keys of [ActiveKeys, AdditionalTrustedKeys]) checkKeys(keys);
  const Rotation = spec.Rotation && checkedRotation(spec.Rotation);
  return {
    ...authority,
    Kind: 'cert_authority',
    SubKind: authority.SubKind || spec.Type,
    Version: 'v2',
    Metadata: metadata,
    Spec: { ...spec, ClusterName: metadata.Name, ActiveKeys, AdditionalTrustedKeys, Rotation },
  };
}

function checkKeys(keys: CAKeySet): void {
  if (keys.SSH.some(({ PublicKey }) => PublicKey.length === 0)) throw badParameter('SSH key pair missing public key');
  if (keys.TLS.some(({ Cert }) => Cert.length === 0)) throw badParameter('TLS key pair missing certificate');
  if (keys.JWT.some(({ PublicKey }) => PublicKey.length === 0)) throw badParameter('JWT key pair missing public key');
}

const PHASES = ['', 'init', 'standby', 'rollback', 'update_clients', 'update_servers'];

function checkedRotation(rotation: RotationMessage): RotationMessage {
  const { Phase, Mode } = rotation;
  const State = rotation.State || 'standby';
  if (!PHASES.includes(Phase)) throw badParameter(`unsupported phase: ${JSON.stringify(Phase)}`);
  if (!['', 'auto', 'manual'].includes(Mode)) throw badParameter(`unsupported mode: ${JSON.stringify(Mode)}`);
  if (State === 'in_progress') {
    const missing = rotation.CurrentID === '' ? 'current_id' : isZeroTime(rotation.Started) ? 'started' : undefined;
    if (missing) throw badParameter(`set '${missing}' parameter for in progress rotation`);
  } else if (State !== 'standby') {
    throw badParameter(
      `unsupported rotation 'state': ${JSON.stringify(State)}, supported states are: "standby", "in_progress"`,
    );
  }
  return { ...rotation, State };
}
