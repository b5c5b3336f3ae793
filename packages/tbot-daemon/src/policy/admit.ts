import type { ErrorCode } from '@teleport-ts/api-types';
import { type CredentialKind, matchesPattern } from '@teleport-ts/tbot-core';
import { decideTtl, type TtlDecision, type TtlLimits } from './ttl-decision.ts';

/** The kinds whose credentials lead to something with a name. */
export type NamedKind = Exclude<CredentialKind, 'identity'>;

/** What one socket allows, as its configuration says it. */
export interface SocketPolicy {
  /** Upper limit and default. Empty: whatever the bot may impersonate. */
  roles: readonly string[];
  kinds: readonly CredentialKind[];
  /** Patterns of allowed names for each kind; a kind without an entry allows every name. */
  names: Partial<Record<NamedKind, readonly string[]>>;
  /** Names of allowed clusters; absent: the bot's own and its leaves. */
  clusters?: readonly string[];
  ttl: TtlLimits;
}

/** What a caller asks for; nothing in it has been checked. */
export interface CredentialRequest {
  kind: CredentialKind;
  /** Of the application, the database or the Kubernetes cluster; empty for kind `identity`. */
  name: string;
  /** Account of the database; absent where the client names it. */
  username?: string;
  /** Database within the server; absent where the client names it. */
  database?: string;
  roles: readonly string[];
  /** Empty: the bot's own. */
  cluster: string;
  ttlMs?: number;
}

/** What the agent is to ask the cluster for. */
export interface AdmittedRequest {
  kind: CredentialKind;
  name: string;
  username?: string;
  database?: string;
  /** Absent: all that the bot may impersonate. */
  roles?: readonly string[];
  cluster: string;
  /**
   * The certificate must be good for its kind alone. A socket that serves no identities would serve them otherwise: any
   * certificate of a role opens all that the role may do.
   */
  confined: boolean;
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
/** Accounts of databases may be as long as the name of a cloud's role. */
const LONGEST_ACCOUNT = 1024;
const MOST_ROLES = 256;

/** What a kind leads to, for people. */
const NOUN: Record<NamedKind, string> = {
  application: 'application',
  database: 'database',
  kubernetes: 'Kubernetes cluster',
};

const refuse = (code: Refusal['code'], message: string, more: Partial<Refusal> = {}): Admission => ({
  admitted: false,
  refusal: { code, message, ...more },
});

const quoted = (names: readonly string[]): string => names.map((name) => JSON.stringify(name)).join(', ');
const shown = (text: string): string => JSON.stringify(text.slice(0, 64));

function malformed(name: string, longest: number = LONGEST_NAME): boolean {
  return name === '' || name.length > longest || /[\u0000-\u001f\u007f]|\p{Surrogate}/u.test(name);
}

/** What is wrong with the form of a request, whatever the policy. */
function malformation({ kind, name, username, database, roles, cluster }: CredentialRequest): string | undefined {
  if (kind === 'identity' ? name !== '' : malformed(name)) {
    return `${shown(name)} is not the name of ${kind === 'application' ? 'an' : 'a'} ${kind === 'identity' ? 'target' : NOUN[kind]}`;
  }
  if (username !== undefined && malformed(username, LONGEST_ACCOUNT)) {
    return `${shown(username)} is not the name of an account`;
  }
  if (database !== undefined && malformed(database)) return `${shown(database)} is not the name of a database`;
  if (kind !== 'database' && (username !== undefined || database !== undefined)) {
    return `${kind} credentials have neither account nor database`;
  }
  if (roles.length > MOST_ROLES || roles.some((role) => malformed(role))) {
    return 'the list of roles holds something that is not the name of a role';
  }
  return cluster !== '' && malformed(cluster) ? `${shown(cluster)} is not the name of a cluster` : undefined;
}

/** Why a name is not served, for a kind that has names. The cluster may know what was asked for by another one. */
export function refusalByName(policy: SocketPolicy, kind: CredentialKind, name: string): Refusal | undefined {
  const patterns = kind === 'identity' ? undefined : policy.names[kind];
  if (kind === 'identity' || !patterns || patterns.some((pattern) => matchesPattern(pattern, name))) return undefined;
  return {
    code: 'access_denied',
    message: `this socket does not serve the ${NOUN[kind]} ${JSON.stringify(name)}`,
    hint: `it serves: ${patterns.join(', ')}`,
  };
}

/**
 * Decides on one request: the whole policy of a socket in one pure function.
 *
 * @param ownCluster name of the bot's own cluster, meant when the caller names none
 */
export function admit(policy: SocketPolicy, request: CredentialRequest, ownCluster: string): Admission {
  const { kind, name, username, database } = request;
  const wrong = malformation(request);
  if (wrong !== undefined) return refuse('bad_parameter', wrong);
  if (!policy.kinds.includes(kind)) {
    return refuse('access_denied', `this socket does not serve ${kind} credentials`, {
      hint: `it serves: ${policy.kinds.join(', ')}`,
    });
  }
  const byName = refusalByName(policy, kind, name);
  if (byName) return { admitted: false, refusal: byName };
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
      kind,
      name,
      ...(username === undefined ? {} : { username }),
      ...(database === undefined ? {} : { database }),
      cluster,
      confined: !policy.kinds.includes('identity'),
      ttl: decision.ttl,
      ...(roles.length > 0 ? { roles: [...roles] } : {}),
    },
  };
}
