import type { Peer } from '../sockets/peer.ts';

/** What became of one request. */
export type Outcome = 'issued' | 'refused' | 'failed';

/** One decision, as it is recorded: who, what, how it ended. Holds names and numbers, never a key or a certificate. */
export interface AuditRecord {
  /** RFC 3339 with milliseconds. */
  time: string;
  event: 'credential' | 'connection';
  /** Path of the socket. */
  socket: string;
  peer?: Pick<Peer, 'uid' | 'gid' | 'pid'>;
  request?: {
    kind: string;
    /** Empty for kind `identity`. */
    name: string;
    /** Of a database, where they were asked for. */
    username?: string;
    database?: string;
    cluster: string;
    roles: readonly string[];
    ttl?: string;
    /** Whether the caller brought its own key. */
    own_key: boolean;
  };
  /** What made a stream ask, `start`, `renewal` or `rotation`; absent for a request of its own. */
  trigger?: string;
  outcome: Outcome;
  /** In Teleport's terms; absent when issued. */
  code?: string;
  reason?: string;
  /** What the certificate holds. */
  roles?: readonly string[];
  ttl?: string;
  expires?: string;
  serial?: string;
  latency_ms: number;
  /** Refusals of callers in too much of a hurry that were not recorded since the last such record. */
  omitted?: number;
}

/** Longest text of a caller's that goes into a record. */
const LONGEST_TEXT = 256;
const MOST_ENTRIES = 64;

const cut = (text: string): string => (text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT)}…` : text);
const cutList = (list: readonly string[]): string[] => {
  const kept = list.slice(0, MOST_ENTRIES).map(cut);
  return list.length > MOST_ENTRIES ? [...kept, `… ${list.length - MOST_ENTRIES} more`] : kept;
};

/** A record whose texts are no longer than a log should take from a stranger. */
export function bounded(record: AuditRecord): AuditRecord {
  const { request, reason } = record;
  return {
    ...record,
    ...(reason === undefined ? {} : { reason: cut(reason) }),
    ...(request && {
      request: {
        ...request,
        name: cut(request.name),
        ...(request.username === undefined ? {} : { username: cut(request.username) }),
        ...(request.database === undefined ? {} : { database: cut(request.database) }),
        cluster: cut(request.cluster),
        roles: cutList(request.roles),
      },
    }),
  };
}
