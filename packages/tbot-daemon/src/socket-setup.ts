import type { Logger, SocketConfig, TbotConfig, UserOrGroupName } from '@teleport-ts/tbot-core';
import { MIN_TTL_MS } from '@teleport-ts/tbot-core';
import type { AuditFiles } from './audit/audit-files.ts';
import { type AuditSink, logAuditSink } from './audit/audit-sink.ts';
import { peersUnknown } from './credential-socket.ts';
import type { SocketPolicy } from './policy/admit.ts';
import type { PeerRule } from './policy/peer-rules.ts';
import type { RequestLimits } from './policy/request-limits.ts';
import { accountId } from './sockets/accounts.ts';
import type { PeerReader } from './sockets/peer-credentials.ts';
import { checkAclTool, type SocketAccess } from './sockets/socket-access.ts';
import { checkSocketPath } from './sockets/socket-path.ts';
import { checkInheritedAccess } from './systemd/match-inherited.ts';

/** A socket of the configuration with all names resolved, proved as far as that goes without making it. */
export interface SocketSetup {
  path: string;
  access: SocketAccess;
  /** The descriptor of a socket that systemd made. */
  inheritedFd?: number;
  allow?: readonly PeerRule[];
  policy: SocketPolicy;
  limits: RequestLimits;
  audit: AuditSink;
}

type PrincipalConfig = { readonly user: UserOrGroupName } | { readonly group: UserOrGroupName };

/**
 * Everything about a socket that can go wrong at the start, before a join token is spent: its path, accounts, tools and
 * audit file.
 *
 * @throws TeleportError that names the socket's trouble
 */
export async function setUpSocket(
  socket: SocketConfig,
  config: Pick<TbotConfig, 'credentialTtlMs'>,
  readPeer: PeerReader | undefined,
  audits: AuditFiles,
  logger: Logger,
  inheritedFd?: number,
): Promise<SocketSetup> {
  if (socket.allow && !readPeer) throw peersUnknown(socket.path);
  if (socket.readers.length > 0 && inheritedFd === undefined) await checkAclTool();
  const access: SocketAccess = {
    mode: socket.mode,
    ...(socket.owner === undefined ? {} : { ownerUid: await accountId('user', socket.owner) }),
    ...(socket.group === undefined ? {} : { groupGid: await accountId('group', socket.group) }),
    readers: await Promise.all(socket.readers.map(rule)),
  };
  const allow = socket.allow && (await Promise.all(socket.allow.map(rule)));
  await (inheritedFd === undefined ? checkSocketPath(socket.path) : checkInheritedAccess(socket.path, access));
  return {
    path: socket.path,
    access,
    ...(inheritedFd !== undefined && { inheritedFd }),
    ...(allow && { allow }),
    policy: policyOf(socket, config.credentialTtlMs),
    limits: limitsOf(socket),
    audit: socket.audit ? await audits.open(socket.audit) : logAuditSink(logger),
  };
}

async function rule(principal: PrincipalConfig): Promise<PeerRule> {
  return 'user' in principal
    ? { uid: await accountId('user', principal.user) }
    : { gid: await accountId('group', principal.group) };
}

/** The socket's part of the configuration as the rule that decides on requests. */
export function policyOf(socket: SocketConfig, credentialTtlMs: number): SocketPolicy {
  const { maxTtlMs, applications, databases, kubernetesClusters } = socket;
  return {
    roles: socket.roles ?? [],
    kinds: socket.kinds,
    names: {
      ...(applications && { application: applications }),
      ...(databases && { database: databases }),
      ...(kubernetesClusters && { kubernetes: kubernetesClusters }),
    },
    ...(socket.clusters && { clusters: socket.clusters }),
    ttl: {
      defaultMs: credentialTtlMs,
      maxMs: maxTtlMs ?? credentialTtlMs,
      maxName: maxTtlMs === undefined ? 'credential_ttl of the agent' : 'max_ttl of the socket',
      minMs: MIN_TTL_MS,
    },
  };
}

function limitsOf({ limits }: SocketConfig): RequestLimits {
  const { ratePerSecond, burst, ratePerUserPerSecond, streams } = limits;
  const unlimited = Number.POSITIVE_INFINITY;
  // A user's burst stands to its rate as the socket's does.
  const userBurst =
    ratePerUserPerSecond === undefined
      ? unlimited
      : ((burst ?? unlimited) / (ratePerSecond ?? ratePerUserPerSecond)) * ratePerUserPerSecond;
  return {
    ...(ratePerSecond === undefined ? {} : { rate: { perSecond: ratePerSecond, burst: burst ?? unlimited } }),
    ...(ratePerUserPerSecond === undefined
      ? {}
      : { ratePerUser: { perSecond: ratePerUserPerSecond, burst: Math.max(1, userBurst) } }),
    ...(streams === undefined ? {} : { streams }),
  };
}
