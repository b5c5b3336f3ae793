import type { Certs } from '@teleport-ts/api-types/proto/teleport/proto/certs';
import type { RegisterUsingTokenRequest } from '@teleport-ts/api-types/proto/teleport/types/join';
import type { ProvisionTokenV2 } from '@teleport-ts/api-types/proto/teleport/types/provision_token';
import { JoinAttrs } from '@teleport-ts/api-types/proto/teleport/workloadidentity/v1/join_attrs';
import { safeTokenName, tokenView } from '@teleport-ts/api-types/resources/token';
import { RoleSet } from '../access/role-set.ts';
import type { ClusterContext } from '../cluster-context.ts';
import { accessDenied, badParameter, notImplemented } from '../errors.ts';
import { fromLabelValues, nameOf } from '../resources.ts';
import { botUserName } from '../state/bots.ts';
import { fromTimestamp, toTimestamp } from '../timestamps.ts';
import { addInstance } from './bot-instances.ts';
import { checkLocks, issueCertificates } from './certificates.ts';
import { MAX_RENEWABLE_TTL_MS } from './user-certs.ts';

const DEFAULT_TTL_MS = 3_600_000;

/** Methods that have a call of their own. */
const OTHER_CALLS = new Set(['iam', 'azure', 'tpm', 'oracle', 'bound_keypair']);

/**
 * `RegisterUsingToken` for bots, by gRPC and by the proxy's HTTP. With the method `token` the certificate is renewable and
 * the token is gone afterwards, unless the join was refused.
 *
 * @param ip where the bot calls from
 */
export function joinWithToken(
  context: ClusterContext,
  request: RegisterUsingTokenRequest,
  ip: string,
  userAgent = '',
): Certs {
  let token: ProvisionTokenV2 | undefined;
  try {
    checkRequest(request);
    token = findToken(context, request);
    const method = token.Spec?.JoinMethod || 'token';
    if (OTHER_CALLS.has(method)) {
      throw accessDenied(
        `this token is only valid for the ${method} join method but the node has connected to the wrong endpoint, ` +
          `make sure your node is configured to use the ${method} join method`,
      );
    }
    if (method === 'github' && request.IDToken === '')
      throw badParameter('IDToken not provided for Github join request');
    if (method !== 'token') {
      throw notImplemented(`join method ${JSON.stringify(method)} is not modelled by this cluster`);
    }
    if (request.Role !== 'Bot') throw notImplemented('only bots join this cluster');
    return joinBot(context, request, token, ip, userAgent);
  } catch (error) {
    if (request.Role === 'Bot') emitFailure(context, token, ip, error);
    throw error;
  }
}

function emitFailure({ audit }: ClusterContext, token: ProvisionTokenV2 | undefined, ip: string, error: unknown): void {
  audit.emit('bot.join (failed)', {
    Status: { Success: false, Error: error instanceof Error ? error.message : String(error) },
    BotName: token?.Spec?.BotName ?? '',
    Method: token?.Spec?.JoinMethod ?? '',
    TokenName: token ? safeTokenName(tokenView(token)) : '',
    Connection: { RemoteAddr: ip },
  });
}

function checkRequest(request: RegisterUsingTokenRequest): void {
  if (request.HostID === '' && request.Role !== 'Bot') throw badParameter('missing parameter HostID');
  if (request.Token === '') throw badParameter('missing parameter Token');
  if (request.Expires !== undefined && request.Role !== 'Bot') {
    throw badParameter(`role "${request.Role}" does not support setting "expires"`);
  }
}

function findToken({ state }: ClusterContext, request: RegisterUsingTokenRequest): ProvisionTokenV2 {
  const token = state.tokens.get(request.Token);
  const node = JSON.stringify(request.NodeName);
  const role = JSON.stringify(request.Role);
  if (!token) throw accessDenied(`${node} can not join the cluster with role ${role}, token expired or not found`);
  if (!token.Spec?.Roles.includes(request.Role)) {
    throw badParameter(
      `node ${node} [${request.HostID}] can not join the cluster, the token does not allow ${role} role`,
    );
  }
  return token;
}

function joinBot(
  context: ClusterContext,
  request: RegisterUsingTokenRequest,
  token: ProvisionTokenV2,
  ip: string,
  userAgent: string,
): Certs {
  const { state, clock } = context;
  const botName = token.Spec?.BotName ?? '';
  const user = state.users.get(botUserName(botName));
  if (!user) throw accessDenied();
  const now = clock.now();
  const wanted = request.Expires === undefined ? now + DEFAULT_TTL_MS : (fromTimestamp(request.Expires) ?? 0);
  const traits = fromLabelValues(user.Spec?.Traits);
  const held = (user.Spec?.Roles ?? []).map((name) => state.roles.get(name)).filter((role) => role !== undefined);
  const roles = new RoleSet(held, traits);
  const expires = Math.min(wanted, now + MAX_RENEWABLE_TTL_MS, now + roles.maxSessionTtlMs());

  if (request.PublicTLSKey.length === 0 && request.PublicSSHKey.length === 0) {
    throw badParameter('must provide a public key');
  }
  checkLocks(context, nameOf(user), roles.names, []);
  const instance = addInstance(
    context,
    botName,
    {
      authenticatedAt: toTimestamp(now),
      joinMethod: 'token',
      joinToken: safeTokenName(tokenView(token)),
      metadata: undefined,
      generation: 1,
      publicKey: request.PublicTLSKey,
      joinAttrs: JoinAttrs.create({ meta: { joinMethod: 'token' } }),
    },
    expires,
    request.PreviousBotInstanceID,
  );
  const certs = issueCertificates(context, {
    user: nameOf(user),
    roles,
    traits,
    expires,
    sshPublicKey: request.PublicSSHKey,
    tlsPublicKey: request.PublicTLSKey,
    routeToCluster: '',
    kubernetesCluster: '',
    activeRequests: [],
    marks: {
      renewable: true,
      generation: instance.generation,
      botName,
      botInstanceId: instance.instanceId,
      loginIp: ip,
      joinAttributes: { meta: { join_method: 'token' } },
    },
    includeHostAuthority: true,
    userAgent,
  });
  state.tokens.delete(nameOf(token));
  context.audit.emit('bot.join', {
    Status: { Success: true },
    BotName: botName,
    Method: 'token',
    TokenName: safeTokenName(tokenView(token)),
    UserName: nameOf(user),
    Connection: { RemoteAddr: ip },
    BotInstanceID: instance.instanceId,
  });
  return certs;
}
