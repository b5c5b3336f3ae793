import { formatGoDuration, isZeroTime } from '@teleport-ts/api-types';
import type { Timestamp } from '@teleport-ts/api-types/proto/google/protobuf/timestamp';
import type { AccessRequestV3 } from '@teleport-ts/api-types/proto/teleport/types/access_request';
import { badParameter } from '../errors.ts';
import type { ClusterState } from '../state/cluster-state.ts';
import { fromTimestamp, NANOSECONDS_PER_MS } from '../timestamps.ts';
import type { RequestRules } from './request-rules.ts';
import { storedRoles } from './stored-user.ts';

const DAY_MS = 86_400_000;
const MAX_ACCESS_MS = 14 * DAY_MS;
/** How long a request may wait for a decision. */
const MAX_PENDING_MS = 7 * DAY_MS;
const MAX_ASSUME_START_MS = 7 * DAY_MS;
const MAX_CERTIFICATE_MS = 30 * 3_600_000;

/** When what ends; milliseconds since 1970. */
export interface RequestTimes {
  /** A certificate with the granted roles. */
  readonly session: number;
  /** The access. */
  readonly access: number;
  /** The request itself, if nobody decides it. */
  readonly request: number;
}

/**
 * The times of a request that is made at `now`, in the order of the real one's checks.
 *
 * @throws TeleportError `bad_parameter`
 */
export function requestTimes(
  state: ClusterState,
  rules: RequestRules,
  request: AccessRequestV3,
  now: number,
  identityExpires: number,
): RequestTimes {
  const sessionMs = sessionTtlMs(state, request, now, identityExpires);
  const longestMs = longestAccessMs(rules, request, now, sessionMs);
  const accessMs = longestMs > 0 ? longestMs : sessionMs;
  const session = now + Math.min(sessionMs, accessMs);
  return { session, access: now + accessMs, request: now + pendingTtlMs(request, now, accessMs) };
}

/** Cut by the requester's own certificate and by the roles; asking for more than that is refused. */
function sessionTtlMs(state: ClusterState, { Spec }: AccessRequestV3, now: number, identityExpires: number): number {
  const asked = (fromTimestamp(Spec?.Expires) ?? 0) - now;
  let ttl = MAX_CERTIFICATE_MS;
  for (const limit of [identityExpires - now, asked]) if (limit > 0) ttl = Math.min(ttl, limit);
  for (const role of rolesOrRefusal(state, Spec?.Roles ?? [])) {
    const limit = Number((role.Spec?.Options?.MaxSessionTTL ?? 0n) / NANOSECONDS_PER_MS);
    if (limit > 0) ttl = Math.min(ttl, limit);
  }
  if (!isZeroTime(Spec?.Expires) && asked > ttl) throw tooLong('session', asked, ttl);
  return ttl;
}

function rolesOrRefusal(state: ClusterState, names: readonly string[]): ReturnType<typeof storedRoles> {
  try {
    return storedRoles(state, names);
  } catch (error) {
    throw badParameter(`invalid session TTL: ${(error as Error).message}`);
  }
}

/** What the roles and the request say of the longest access; 0 or less: nothing. */
function longestAccessMs(rules: RequestRules, { Spec }: AccessRequestV3, now: number, sessionMs: number): number {
  const isAsked = !isZeroTime(Spec?.MaxDuration);
  // A dry run asks what the most is; its own time may have passed on the way.
  const asked = Spec?.DryRun ? MAX_ACCESS_MS : isAsked ? (fromTimestamp(Spec?.MaxDuration) ?? 0) - now : -Infinity;
  if (isAsked && asked < 0) throw badParameter('invalid maxDuration: must be greater than creation time');
  if (asked > MAX_ACCESS_MS) {
    throw badParameter(`max_duration must be less than or equal to ${formatGoDuration(MAX_ACCESS_MS)}`);
  }
  let longest = 0;
  for (const role of Spec?.Roles ?? []) {
    const limit = rules.maxDurationMs(role);
    if (longest === 0 || limit < longest) longest = limit;
  }
  if (isAsked && asked < longest) longest = asked;
  return longest === 0 && asked < sessionMs ? asked : longest;
}

function pendingTtlMs({ Spec, Metadata }: AccessRequestV3, now: number, accessMs: number): number {
  const asked = fromTimestamp(Spec?.ResourceExpiry) ?? fromTimestamp(Metadata?.Expires);
  if (asked === undefined) return Math.min(MAX_PENDING_MS, accessMs);
  const ttl = asked - now;
  if (ttl < 0) throw badParameter('invalid request TTL: Access Request can not be created in the past');
  if (ttl > MAX_PENDING_MS) throw tooLong('request', ttl, MAX_PENDING_MS);
  if (ttl > accessMs) throw tooLong('request', ttl, accessMs);
  return ttl;
}

const tooLong = (what: string, ms: number, limitMs: number): Error =>
  badParameter(
    `invalid ${what} TTL: ${formatGoDuration(ms)} greater than maximum allowed (${formatGoDuration(limitMs)})`,
  );

/**
 * Whether roles may be assumed from a time on, which a requester or a reviewer wants.
 *
 * @throws TeleportError `bad_parameter`
 */
export function checkAssumeStart(wanted: Timestamp | undefined, created: number, accessExpires: number): void {
  if (!wanted) return;
  // The zero time is a time like any other here.
  const start = Number(wanted.seconds) * 1000 + wanted.nanos / 1_000_000;
  if (start < created) throw badParameter(`assume start time has to be after ${rfc3339(created)}`);
  if (start >= accessExpires) {
    throw badParameter(`assume start time must be prior to access expiry time at ${rfc3339(accessExpires)}`);
  }
  const latest = created + MAX_ASSUME_START_MS;
  if (latest < accessExpires && start > latest) {
    throw badParameter(`assume start time is too far in the future, latest time allowed is ${rfc3339(latest)}`);
  }
}

const rfc3339 = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
