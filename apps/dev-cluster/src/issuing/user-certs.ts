import type { TlsIdentity, TlsIdentityFields, Traits } from '@teleport-ts/api-types';
import type { Certs } from '@teleport-ts/api-types/proto/teleport/proto/certs';
import type { RouteToApp } from '@teleport-ts/api-types/proto/teleport/proto/routes';
import {
  UserCertsRequest_CertPurpose as CertPurpose,
  UserCertsRequest_CertUsage as Usage,
  type UserCertsRequest,
} from '@teleport-ts/api-types/proto/teleport/proto/user_certs';
import type { UserV2 } from '@teleport-ts/api-types/proto/teleport/types/user';
import type { Caller } from '../access/caller.ts';
import { RoleSet } from '../access/role-set.ts';
import { assumedRequests } from '../access-requests/assumed-requests.ts';
import { type Actor, SYSTEM_ACTOR } from '../audit/actor.ts';
import type { ClusterContext } from '../cluster-context.ts';
import { accessDenied, badParameter, notFound } from '../errors.ts';
import { fromLabelValues, nameOf } from '../resources.ts';
import { BOT_LABEL } from '../state/bots.ts';
import { fromTimestamp } from '../timestamps.ts';
import { withoutUndefined } from '../without-undefined.ts';
import { type AppSessionRequest, createAppSession } from './app-sessions.ts';
import { countGeneration } from './bot-instances.ts';
import { issueCertificates } from './certificates.ts';

const DAY_MS = 86_400_000;
/** The most that a bot's own and an impersonated certificate may be asked for. */
export const MAX_RENEWABLE_TTL_MS: number = 7 * DAY_MS;

/**
 * `GenerateUserCerts`. The checks come in the order of the real one, since it decides which refusal a caller sees and what
 * a refused call leaves behind: a stored app session, a counted generation.
 */
export function generateUserCerts(
  context: ClusterContext,
  caller: Caller,
  request: UserCertsRequest,
  actor: Actor = SYSTEM_ACTOR,
): Certs {
  const { state } = context;
  checkUsageTarget(request);
  checkPurpose(request);
  const isSelf = request.Username === caller.user && caller.identity !== undefined;
  const forRoles = request.UseRoleRequests || request.RoleRequests.length > 0;
  checkMayAskAtAll(caller, request, isSelf, forRoles);
  const user = state.users.get(request.Username);
  if (!user) throw accessDenied();
  const wanted = wantedExpiry(context, caller, request, isSelf, forRoles);
  const {
    names,
    traits,
    activeRequests,
    expires: end,
  } = wantedAccess(context, caller, request, user, isSelf, forRoles);
  const roles = rolesByName(context, names, traits);
  checkImpersonation(caller, user, roles, isSelf, forRoles);

  const expires = capByRoles(context, caller, roles, Math.min(wanted, end));
  const sessionId = request.RouteToApp?.Name
    ? appSession(context, caller, request, user, { roles, traits, activeRequests, expires, actor })
    : undefined;
  const marks = marksOf(caller, request, user, isSelf, forRoles, sessionId);
  const renewable = caller.identity?.renewable === true && isSelf && !forRoles;
  checkFormat(request);
  const instance =
    renewable && marks.botName ? renewInstance(context, caller, request, user, expires, actor) : undefined;

  return issueCertificates(context, {
    user: request.Username,
    roles,
    traits,
    expires,
    sshPublicKey: request.SSHPublicKey,
    tlsPublicKey: request.TLSPublicKey,
    routeToCluster: request.RouteToCluster,
    kubernetesCluster: request.KubernetesCluster,
    activeRequests,
    marks: {
      ...marks,
      ...(renewable && { renewable: true }),
      ...(instance && { generation: instance.generation, botInstanceId: instance.instanceId }),
    },
    includeHostAuthority: renewable && marks.botName !== undefined,
    userAgent: actor.userAgent,
  });
}

/** A certificate that is good for one thing only must say for which one. */
function checkUsageTarget(request: UserCertsRequest): void {
  const missing = (field: string, only: string): Error =>
    badParameter(`missing ${field} field in ${only}-only UserCertsRequest`);
  switch (request.Usage) {
    case Usage.All:
      return;
    case Usage.App:
      if (!request.RouteToApp?.Name) throw missing('app Name', 'an app');
      return;
    case Usage.SSH:
      if (!request.NodeName) throw missing('NodeName', 'a ssh');
      return;
    case Usage.Kubernetes:
      if (!request.KubernetesCluster) throw missing('KubernetesCluster', 'a kubernetes');
      return;
    case Usage.Database:
      if (!request.RouteToDatabase?.ServiceName) throw missing('ServiceName', 'a database');
      return;
    case Usage.WindowsDesktop:
      if (!request.RouteToWindowsDesktop?.WindowsDesktop) throw missing('WindowsDesktop', 'a windows-desktop');
      return;
    default:
      throw badParameter(`unknown certificate Usage ${JSON.stringify(String(request.Usage))}`);
  }
}

/** A certificate for one use must say for which kind of thing; what else it takes is not modelled. */
function checkPurpose({ Purpose, Usage: usage }: UserCertsRequest): void {
  if (Purpose === CertPurpose.CERT_PURPOSE_SINGLE_USE_CERTS && usage === Usage.All) {
    throw badParameter('single-use certificates cannot be issued for all purposes');
  }
}

function checkFormat({ Format }: UserCertsRequest): void {
  if (!['', 'standard', 'oldssh', 'unspecified'].includes(Format)) {
    throw badParameter(`invalid certificate format parameter: ${JSON.stringify(Format)}`);
  }
}

function checkMayAskAtAll(caller: Caller, request: UserCertsRequest, isSelf: boolean, forRoles: boolean): void {
  const isAdmin = caller.systemRole === 'Admin';
  const impersonatesSomebody = caller.roles.roles.some(({ Spec }) => {
    const { Users = [], Roles = [] } = Spec?.Allow?.Impersonate ?? {};
    return Users.length > 0 && Roles.length > 0;
  });
  if (!isSelf && !isAdmin) {
    // Asked before the user is looked up, so that nobody can find out who exists.
    if (!impersonatesSomebody) throw accessDenied('access denied: impersonation is not allowed');
  }
  const identity = caller.identity;
  if (identity?.disallowReissue) {
    throw accessDenied('access denied: identity is not allowed to reissue certificates');
  }
  if (identity?.impersonator) {
    if (request.AccessRequests.length > 0) {
      throw accessDenied('access denied: impersonated user can not request new roles');
    }
    if (forRoles) throw accessDenied('access denied: impersonated roles can not request other roles');
    if (!isSelf) throw accessDenied('access denied: impersonated user can not impersonate anyone else');
  }
}

function wantedExpiry(
  { clock }: ClusterContext,
  caller: Caller,
  request: UserCertsRequest,
  isSelf: boolean,
  forRoles: boolean,
): number {
  const now = clock.now();
  const wanted = fromTimestamp(request.Expires) ?? 0;
  if (!isSelf) return wanted;
  if (wanted < now) throw accessDenied('access denied: client credentials have expired, please relogin.');
  const { renewable, notAfter } = caller.identity as TlsIdentity;
  const cap = renewable || forRoles ? now + MAX_RENEWABLE_TTL_MS : notAfter.getTime();
  return Math.min(wanted, cap);
}

/** The roles and traits to be certified, the access requests that are behind some of them, and when those end. */
interface WantedAccess {
  readonly names: readonly string[];
  readonly traits: Traits;
  readonly activeRequests: readonly string[];
  readonly expires: number;
}

function wantedAccess(
  context: ClusterContext,
  caller: Caller,
  request: UserCertsRequest,
  user: UserV2,
  isSelf: boolean,
  forRoles: boolean,
): WantedAccess {
  const traits = fromLabelValues(user.Spec?.Traits);
  const own = { names: user.Spec?.Roles ?? [], traits, activeRequests: [], expires: Number.POSITIVE_INFINITY };
  // What was assumed before is checked again.
  const held = caller.identity?.activeRequests ?? [];
  const hasRequests = request.AccessRequests.length > 0 || held.length > 0;
  if (!isSelf) {
    if (hasRequests) {
      throw accessDenied(
        `user ${JSON.stringify(caller.user)} requested cert for ${JSON.stringify(nameOf(user))} and included access requests, this is not supported.`,
      );
    }
    if (forRoles) {
      throw accessDenied(
        `User ${caller.user} tried to issue a cert for ${nameOf(user)} and added role requests. This is not supported.`,
      );
    }
    return own;
  }
  if (forRoles) {
    if (hasRequests) {
      throw accessDenied(
        `User ${caller.user} tried to issue a cert with both role and access requests. This is not supported.`,
      );
    }
    if (request.RoleRequests.length === 0) throw badParameter('at least one role request is required');
    return { ...own, names: request.RoleRequests };
  }
  const dropped = request.DropAccessRequests;
  // Whoever drops one request begins anew with the roles that the cluster has for the user.
  if (dropped.length === 1 && dropped[0] === '*') return own;
  const identity = caller.identity as TlsIdentity;
  const base = dropped.length > 0 ? own : { ...own, names: identity.roles, traits: identity.traits };
  const activeRequests = [...new Set([...held, ...request.AccessRequests])].filter((id) => !dropped.includes(id));
  const assumed = assumedRequests(context, caller.user, activeRequests);
  return {
    names: [...new Set([...base.names, ...assumed.roles])],
    traits: base.traits,
    activeRequests,
    expires: assumed.expires,
  };
}

function rolesByName({ state }: ClusterContext, names: readonly string[], traits: Traits): RoleSet {
  const roles = names.map((name) => {
    const role = state.roles.get(name);
    if (!role) throw notFound(`role ${name} is not found`);
    return role;
  });
  return new RoleSet(roles, traits);
}

function checkImpersonation(caller: Caller, user: UserV2, roles: RoleSet, isSelf: boolean, forRoles: boolean): void {
  if (caller.systemRole === 'Admin') return;
  if (isSelf) {
    if (forRoles) caller.roles.checkRoleImpersonation(caller.user, roles.roles);
  } else if (!caller.roles.mayImpersonateUser(user, roles.roles)) {
    const list = roles.names.map((name) => JSON.stringify(name)).join(' ');
    throw accessDenied(`user ${JSON.stringify(caller.user)} has requested to generate certs for [${list}].`);
  }
}

/** The roles' session limits cut silently; only the cluster's own administrator is not held to them. */
function capByRoles({ clock }: ClusterContext, caller: Caller, roles: RoleSet, wanted: number): number {
  if (caller.systemRole === 'Admin') return wanted;
  return Math.min(wanted, clock.now() + roles.maxSessionTtlMs());
}

function appSession(
  context: ClusterContext,
  { identity }: Caller,
  request: UserCertsRequest,
  user: UserV2,
  grant: Pick<AppSessionRequest, 'roles' | 'traits' | 'activeRequests' | 'expires' | 'actor'>,
): string {
  const marks = withoutUndefined({
    botName: user.Metadata?.Labels.get(BOT_LABEL),
    botInstanceId: identity?.botInstanceId,
    loginIp: identity?.loginIp,
  });
  const app = request.RouteToApp as RouteToApp;
  return nameOf(createAppSession(context, { ...grant, user: request.Username, app, marks }));
}

const USAGE_MARKS: Readonly<Record<number, string>> = {
  [Usage.Kubernetes]: 'usage:kube',
  [Usage.Database]: 'usage:db',
  [Usage.App]: 'usage:apps',
  [Usage.WindowsDesktop]: 'usage:windows_desktop',
};

function marksOf(
  caller: Caller,
  request: UserCertsRequest,
  user: UserV2,
  isSelf: boolean,
  forRoles: boolean,
  sessionId: string | undefined,
): Partial<TlsIdentityFields> {
  const identity = caller.identity;
  const usage = USAGE_MARKS[request.Usage];
  const botName = user.Metadata?.Labels.get(BOT_LABEL);
  const impersonator = !isSelf || forRoles ? caller.user : identity?.impersonator;
  const { RouteToApp: app, RouteToDatabase: database } = request;
  return withoutUndefined({
    usage: usage === undefined ? [] : [usage],
    impersonator,
    disallowReissue: isSelf && forRoles && !request.ReissuableRoleImpersonation,
    kubernetesCluster: request.KubernetesCluster || undefined,
    app:
      app &&
      withoutUndefined({
        name: app.Name || undefined,
        sessionId,
        publicAddr: app.PublicAddr || undefined,
        clusterName: app.ClusterName || undefined,
        targetPort: app.TargetPort || undefined,
        awsRoleArn: app.AWSRoleARN || undefined,
        azureIdentity: app.AzureIdentity || undefined,
        gcpServiceAccount: app.GCPServiceAccount || undefined,
      }),
    database: database && {
      ...withoutUndefined({
        service: database.ServiceName || undefined,
        protocol: database.Protocol || undefined,
        user: database.Username || undefined,
        name: database.Database || undefined,
      }),
      roles: database.Roles,
    },
    botName,
    botInstanceId: identity?.botInstanceId,
    joinAttributes: identity?.joinAttributes,
    loginIp: identity?.loginIp,
    connectionDiagnosticId: request.ConnectionDiagnosticID || undefined,
  });
}

function renewInstance(
  context: ClusterContext,
  caller: Caller,
  request: UserCertsRequest,
  user: UserV2,
  expires: number,
  actor: Actor,
): ReturnType<typeof countGeneration> {
  const identity = caller.identity as TlsIdentity;
  return countGeneration(context, {
    botName: user.Metadata?.Labels.get(BOT_LABEL) as string,
    user,
    instanceId: identity.botInstanceId ?? '',
    generation: identity.generation,
    renewable: true,
    publicKey: request.TLSPublicKey.length > 0 ? request.TLSPublicKey : request.SSHPublicKey,
    expires,
    actor,
  });
}
