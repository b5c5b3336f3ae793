import { TeleportError } from './teleport-error.ts';
import { TELEPORT_OID } from './teleport-oid.ts';
import { parseTraits, type Traits } from './traits.ts';
import { type CertificateInput, type DistinguishedName, type NameValues, readX509Subject } from './x509-certificate.ts';

/** The application that a certificate is routed to; it works only with session, public address and cluster. */
export interface AppRoute {
  readonly name?: string;
  readonly sessionId?: string;
  readonly publicAddr?: string;
  readonly clusterName?: string;
  /** The port of a multi-port TCP application. */
  readonly targetPort?: number;
  readonly awsRoleArn?: string;
  readonly azureIdentity?: string;
  readonly gcpServiceAccount?: string;
  /** Credentials for AWS's `credential_process`, JSON. A secret. */
  readonly awsCredentialProcess?: string;
}

/** The database that a certificate is routed to. */
export interface DatabaseRoute {
  readonly service?: string;
  readonly protocol?: string;
  readonly user?: string;
  readonly name?: string;
  readonly roles: readonly string[];
}

/** The trusted device that a certificate is bound to. */
export interface DeviceBinding {
  readonly id?: string;
  readonly assetTag?: string;
  readonly credentialId?: string;
}

/** What Teleport writes into the subject of a user's, bot's or host's X.509 certificate. Lists are never absent. */
export interface TlsIdentityFields {
  /** The user name; on a host certificate `<host id>.<cluster>`. */
  readonly user: string;
  /** Roles, in no particular order; on a host certificate the system role. */
  readonly roles: readonly string[];
  /** Restrictions such as `usage:apps`; none means unrestricted. */
  readonly usage: readonly string[];
  readonly logins: readonly string[];
  readonly traits: Traits;
  /** The cluster that requests are routed to; may be the empty string. */
  readonly routeToCluster: string;
  /** The cluster that issued the certificate. */
  readonly teleportCluster?: string;

  readonly app?: AppRoute;
  readonly database?: DatabaseRoute;
  readonly kubernetesCluster?: string;

  readonly kubernetesUsers: readonly string[];
  readonly kubernetesGroups: readonly string[];
  readonly databaseNames: readonly string[];
  readonly databaseUsers: readonly string[];
  readonly awsRoleArns: readonly string[];
  readonly azureIdentities: readonly string[];
  readonly gcpServiceAccounts: readonly string[];

  /** Whether the holder may ask for a new certificate that outlives this one. */
  readonly renewable: boolean;
  /** How many certificates this instance of a bot has had; 0 when it is not counted. */
  readonly generation: number;
  readonly botName?: string;
  readonly botInstanceId?: string;
  /** The user who asked for this certificate in somebody else's name. */
  readonly impersonator?: string;
  /** Whether the cluster refuses to issue anything to the holder of this certificate. */
  readonly disallowReissue: boolean;
  /** How a bot joined: `{ meta: { join_method: 'token' } }` and what the join method found out. */
  readonly joinAttributes?: Readonly<Record<string, unknown>>;

  readonly activeRequests: readonly string[];
  /** Resources that an access request narrowed the certificate to, each `/cluster/kind/name`. */
  readonly allowedResources: readonly string[];
  /** System roles of an instance certificate. */
  readonly systemRoles: readonly string[];
  /** `local` or `sso`. */
  readonly userType?: string;
  readonly privateKeyPolicy?: string;
  /** The id of the MFA device that was used just before. */
  readonly mfaVerified?: string;
  readonly previousIdentityExpires?: Date;
  readonly loginIp?: string;
  readonly pinnedIp?: string;
  readonly connectionDiagnosticId?: string;
  readonly device?: DeviceBinding;
}

/** An identity together with the certificate's validity and serial number. */
export interface TlsIdentity extends TlsIdentityFields {
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** Upper-case hex, as `openssl x509 -serial` prints it. */
  readonly serial: string;
}

/**
 * Reads who a Teleport certificate speaks for. Decodes only: neither signature nor validity is checked.
 *
 * The format is Teleport's subject encoding: standard attributes for user, roles, logins, traits and cluster, and one
 * attribute under `1.3.9999` for each further field ({@link TELEPORT_OID}). Lists may be one multi-valued attribute or
 * repeated; attributes that are no text are passed over.
 *
 * ```ts
 * const identity = parseTlsIdentity(pem);
 * console.log(identity.user, identity.roles, identity.notAfter);
 * ```
 *
 * @throws TeleportError `bad_parameter` when it is no certificate, or one without a user name or a role
 */
export function parseTlsIdentity(certificate: CertificateInput): TlsIdentity {
  const { subject, notBefore, notAfter, serial } = readX509Subject(certificate);
  return Object.assign(identityFromValues(subject), { notBefore, notAfter, serial });
}

const none: readonly string[] = Object.freeze([]);

/** Reads an identity from the subject alone; see {@link parseTlsIdentity}. */
export function identityFromSubject(subject: DistinguishedName): TlsIdentityFields {
  const values = new Map<string, string[]>();
  for (const relative of subject) {
    for (const { oid, value } of relative) {
      if (value === undefined) continue;
      const list = values.get(oid);
      if (list) list.push(value);
      else values.set(oid, [value]);
    }
  }
  return identityFromValues(values);
}

function identityFromValues(values: NameValues): TlsIdentityFields {
  const list = (oid: string): readonly string[] => values.get(oid) ?? none;
  const text = (oid: string): string | undefined => values.get(oid)?.at(-1);
  const flag = (oid: string): boolean => text(oid) === 'true';

  const user = text(TELEPORT_OID.user);
  const roles = list(TELEPORT_OID.roles);
  if (!user) throw notAnIdentity('has no user name (CN)');
  if (roles.length === 0) throw notAnIdentity(`of ${JSON.stringify(user)} names no role (O)`);

  const traits = list(TELEPORT_OID.traits)[0];
  const identity: Writable<TlsIdentityFields> = {
    user,
    roles,
    usage: list(TELEPORT_OID.usage),
    logins: list(TELEPORT_OID.logins),
    traits: traits === undefined ? {} : parseTraits(traits),
    routeToCluster: list(TELEPORT_OID.routeToCluster)[0] ?? '',
    kubernetesUsers: list(TELEPORT_OID.kubernetesUsers),
    kubernetesGroups: list(TELEPORT_OID.kubernetesGroups),
    databaseNames: list(TELEPORT_OID.databaseNames),
    databaseUsers: list(TELEPORT_OID.databaseUsers),
    awsRoleArns: list(TELEPORT_OID.awsRoleArns),
    azureIdentities: list(TELEPORT_OID.azureIdentities),
    gcpServiceAccounts: list(TELEPORT_OID.gcpServiceAccounts),
    renewable: flag(TELEPORT_OID.renewable),
    generation: count('generation', text(TELEPORT_OID.generation)) ?? 0,
    disallowReissue: flag(TELEPORT_OID.disallowReissue),
    activeRequests: list(TELEPORT_OID.activeRequests),
    allowedResources: resourceIds(text(TELEPORT_OID.allowedResources)),
    systemRoles: list(TELEPORT_OID.systemRoles),
  };
  put(identity, 'teleportCluster', text(TELEPORT_OID.teleportCluster));
  put(identity, 'app', appRoute(text));
  put(identity, 'database', databaseRoute(text, list(TELEPORT_OID.requestedDatabaseRoles)));
  put(identity, 'kubernetesCluster', text(TELEPORT_OID.kubernetesCluster));
  put(identity, 'botName', text(TELEPORT_OID.botName));
  put(identity, 'botInstanceId', text(TELEPORT_OID.botInstanceId));
  put(identity, 'impersonator', text(TELEPORT_OID.impersonator));
  put(identity, 'joinAttributes', jsonObject('join attributes', text(TELEPORT_OID.joinAttributes)));
  put(identity, 'userType', text(TELEPORT_OID.userType));
  put(identity, 'privateKeyPolicy', text(TELEPORT_OID.privateKeyPolicy));
  put(identity, 'mfaVerified', text(TELEPORT_OID.mfaVerified));
  const previousExpiry = text(TELEPORT_OID.previousIdentityExpires);
  put(identity, 'previousIdentityExpires', time('previous identity expiry', previousExpiry));
  put(identity, 'loginIp', text(TELEPORT_OID.loginIp));
  put(identity, 'pinnedIp', text(TELEPORT_OID.pinnedIp));
  put(identity, 'connectionDiagnosticId', text(TELEPORT_OID.connectionDiagnosticId));
  put(identity, 'device', deviceBinding(text));
  return identity;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** A member that is absent stays absent. */
function put<T, K extends keyof T>(target: T, name: K, value: T[K] | undefined): void {
  if (value !== undefined) target[name] = value;
}

type ReadText = (oid: string) => string | undefined;

function appRoute(text: ReadText): AppRoute | undefined {
  return group({
    name: text(TELEPORT_OID.appName),
    sessionId: text(TELEPORT_OID.appSessionId),
    publicAddr: text(TELEPORT_OID.appPublicAddr),
    clusterName: text(TELEPORT_OID.appClusterName),
    targetPort: count('application target port', text(TELEPORT_OID.appTargetPort), 65_535),
    awsRoleArn: text(TELEPORT_OID.appAwsRoleArn),
    azureIdentity: text(TELEPORT_OID.appAzureIdentity),
    gcpServiceAccount: text(TELEPORT_OID.appGcpServiceAccount),
    awsCredentialProcess: text(TELEPORT_OID.appAwsCredentialProcess),
  });
}

function deviceBinding(text: ReadText): DeviceBinding | undefined {
  return group({
    id: text(TELEPORT_OID.deviceId),
    assetTag: text(TELEPORT_OID.deviceAssetTag),
    credentialId: text(TELEPORT_OID.deviceCredentialId),
  });
}

function databaseRoute(text: ReadText, roles: readonly string[]): DatabaseRoute | undefined {
  const route = group({
    service: text(TELEPORT_OID.databaseService),
    protocol: text(TELEPORT_OID.databaseProtocol),
    user: text(TELEPORT_OID.databaseUser),
    name: text(TELEPORT_OID.databaseName),
  });
  return route || roles.length > 0 ? { ...route, roles } : undefined;
}

function count(what: string, text: string | undefined, max = Number.MAX_SAFE_INTEGER): number | undefined {
  if (text === undefined) return undefined;
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value <= max)) throw notAnIdentity(`has an unreadable ${what}`);
  return value;
}

function time(what: string, text: string | undefined): Date | undefined {
  if (text === undefined) return undefined;
  const date = new Date(/^\d{4}-\d\d-\d\dT/.test(text) ? text : Number.NaN);
  if (Number.isNaN(date.getTime())) throw notAnIdentity(`has an unreadable ${what}`);
  return date;
}

function json(what: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw notAnIdentity(`has unreadable ${what}`, cause);
  }
}

function jsonObject(what: string, text: string | undefined): Readonly<Record<string, unknown>> | undefined {
  if (text === undefined) return undefined;
  const value = json(what, text);
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw notAnIdentity(`has unreadable ${what}`);
  return value as Record<string, unknown>;
}

function resourceIds(text: string | undefined): readonly string[] {
  if (text === undefined) return [];
  const value = json('allowed resources', text);
  if (!Array.isArray(value) || !value.every((item) => typeof item === 'string')) {
    throw notAnIdentity('has unreadable allowed resources');
  }
  return value;
}

type Present<T> = { [K in keyof T]?: NonNullable<T[K]> };

/** Only the members that are there. */
function present<T extends Record<string, unknown>>(members: T): Present<T> {
  const found: Record<string, unknown> = {};
  for (const name in members) if (members[name] !== undefined) found[name] = members[name];
  return found as Present<T>;
}

/** The members that are there, or undefined when there are none. */
function group<T extends Record<string, unknown>>(members: T): Present<T> | undefined {
  const found = present(members);
  return Object.keys(found).length > 0 ? found : undefined;
}

function notAnIdentity(what: string, cause?: unknown): TeleportError {
  return new TeleportError('bad_parameter', `the certificate ${what}`, {
    hint: 'expected a certificate that Teleport issued to a user, a bot or a host',
    ...(cause === undefined ? {} : { cause }),
  });
}
