import type { ErrorCode } from '@teleport-ts/api-types';
import { matchesPattern } from './name-pattern.ts';
import { decideTtl, type TtlDecision, type TtlLimits } from './ttl-decision.ts';

/** What a credential can be for. */
export type CredentialKind = 'application';

/** What one socket allows, as its configuration says it. */
export interface SocketPolicy {
  /** Upper limit and default. Empty: whatever the bot may impersonate. */
  roles: readonly string[];
  kinds: readonly CredentialKind[];
  /** Patterns of allowed names for each kind; a kind without an entry allows every name. */
  names: Partial<Record<CredentialKind, readonly string[]>>;
  /** Names of allowed clusters; absent: the bot's own and its leaves. */
  clusters?: readonly string[];
  ttl: TtlLimits;
}

/** What a caller asks for; nothing in it has been checked. */
export interface CredentialRequest {
  kind: CredentialKind;
  name: string;
  roles: readonly string[];
  /** Empty: the bot's own. */
  cluster: string;
  ttlMs?: number;
}

/** What the agent is to ask the cluster for. */
export interface AdmittedRequest {
  kind: CredentialKind;
  name: string;
  /** Absent: all that the bot may impersonate. */
  roles?: readonly string[];
  cluster: string;
  ttl: TtlDecision;
}

/** Why a request goes no further. */
export interface Refusal {
  code: Extract<ErrorCode, 'access_denied' | 'bad_parameter'>;
  message: string;
  hint?: string;
  offendingRoles?: readonly string[];
}

export type Admission = { admitted: true; request: AdmittedRequest } | { admitted: false; refusal: Refusal };

/** Longest name that is passed on; DNS names, which these become, end there too. */
const LONGEST_NAME = 253;
const MOST_ROLES = 256;

const refuse = (code: Refusal['code'], message: string, more: Partial<Refusal> = {}): Admission => ({
  admitted: false,
  refusal: { code, message, ...more },
});

const quoted = (names: readonly string[]): string => names.map((name) => JSON.stringify(name)).join(', ');

function malformed(name: string): boolean {
  return name === '' || name.length > LONGEST_NAME || /[\u0000-\u001f\u007f]/.test(name) || /\p{Surrogate}/u.test(name);
}

/**
 * Decides on one request: the whole policy of a socket in one pure function.
 *
 * @param ownCluster name of the bot's own cluster, meant when the caller names none
 */
export function admit(policy: SocketPolicy, request: CredentialRequest, ownCluster: string): Admission {
  if (malformed(request.name)) {
    return refuse('bad_parameter', `${JSON.stringify(request.name.slice(0, 64))} is not a name of an ${request.kind}`);
  }
  if (request.roles.length > MOST_ROLES || request.roles.some(malformed)) {
    return refuse('bad_parameter', 'the list of roles holds something that is not the name of a role');
  }
  if (request.cluster !== '' && malformed(request.cluster)) {
    return refuse('bad_parameter', `${JSON.stringify(request.cluster.slice(0, 64))} is not the name of a cluster`);
  }
  if (!policy.kinds.includes(request.kind)) {
    return refuse('access_denied', `this socket does not serve ${request.kind} credentials`, {
      hint: `it serves: ${policy.kinds.join(', ')}`,
    });
  }
  const patterns = policy.names[request.kind];
  if (patterns && !patterns.some((pattern) => matchesPattern(pattern, request.name))) {
    return refuse('access_denied', `this socket does not serve the ${request.kind} ${JSON.stringify(request.name)}`, {
      hint: `it serves: ${patterns.join(', ')}`,
    });
  }
  const cluster = request.cluster === '' ? ownCluster : request.cluster;
  if (policy.clusters && !policy.clusters.includes(cluster)) {
    return refuse('access_denied', `this socket does not serve the cluster ${JSON.stringify(cluster)}`, {
      hint: `it serves: ${policy.clusters.join(', ')}`,
    });
  }
  const asked = [...new Set(request.roles)];
  if (policy.roles.length > 0) {
    const offendingRoles = asked.filter((role) => !policy.roles.includes(role));
    if (offendingRoles.length > 0) {
      const noun = offendingRoles.length === 1 ? 'role' : 'roles';
      return refuse('access_denied', `this socket does not allow the ${noun} ${quoted(offendingRoles)}`, {
        hint: `it allows: ${policy.roles.join(', ')}`,
        offendingRoles,
      });
    }
  }
  const decision = decideTtl(request.ttlMs, policy.ttl);
  if (!decision.ok) return refuse('bad_parameter', decision.message, { hint: decision.hint });

  const roles = asked.length > 0 ? asked : policy.roles;
  return {
    admitted: true,
    request: {
      kind: request.kind,
      name: request.name,
      cluster,
      ttl: decision.ttl,
      ...(roles.length > 0 ? { roles: [...roles] } : {}),
    },
  };
}
