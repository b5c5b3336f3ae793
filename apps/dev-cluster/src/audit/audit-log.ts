import { randomUUID } from 'node:crypto';
import type { Clock } from '../clock.ts';
import { badParameter } from '../errors.ts';
import { toTimestamp } from '../timestamps.ts';
import { type EventJson, eventJson } from './event-json.ts';
import { type AuditEvent, auditEvent, type EventFields, type EventKind } from './event-kinds.ts';

/** Something that happened. */
export interface AuditRecord {
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly event: AuditEvent;
}

export interface AuditSearch {
  /** Milliseconds since 1970, both ends included. */
  readonly from: number;
  readonly to: number;
  /** Names such as `cert.create`; none: all. */
  readonly types: readonly string[];
  /** None, or less: 500. */
  readonly limit: number;
  /** The last key of the page before. */
  readonly startKey: string;
  readonly newestFirst: boolean;
}

const DAY_MS = 86_400_000;
const DEFAULT_CAPACITY = 10_000;
const DEFAULT_LIMIT = 500;
const MAX_LIMIT = 10_000;
/** What the real one's refusal says, which is not the limit that it holds to. */
const TOLD_MAX_LIMIT = 1000;
const MAX_PAGE_BYTES = 1024 * 1024;

/** What happened in the cluster, as far back as there is room. It is kept in memory only. */
export class AuditLog {
  readonly #clock: Clock;
  readonly #clusterName: string;
  readonly #capacity: number;
  #records: AuditRecord[] = [];

  constructor(options: { readonly clock: Clock; readonly clusterName: string; readonly capacity?: number }) {
    this.#clock = options.clock;
    this.#clusterName = options.clusterName;
    this.#capacity = options.capacity ?? DEFAULT_CAPACITY;
  }

  emit<K extends EventKind>(kind: K, fields: EventFields<K>): void {
    const [id, now] = [randomUUID(), this.#clock.now()];
    const event = auditEvent(kind, fields, { id, at: toTimestamp(now), clusterName: this.#clusterName });
    this.#records.push({ id, at: now, event });
    // The oldest go in one piece now and then: dropping one each time would cost a copy of all each time.
    if (this.#records.length >= 2 * this.#capacity) this.#records = this.#records.slice(-this.#capacity);
  }

  /** The newest events, oldest first. */
  get records(): readonly AuditRecord[] {
    return this.#records.slice(-this.#capacity);
  }

  /**
   * One page of what happened in a time; the key of the next page is empty when there is none.
   *
   * @throws TeleportError `bad_parameter` when the times are turned round by a day or more, or the limit is too high
   */
  search({ from, to, types, limit, startKey, newestFirst }: AuditSearch): { records: AuditRecord[]; lastKey: string } {
    const size = limit > 0 ? limit : DEFAULT_LIMIT;
    if (size > MAX_LIMIT) throw badParameter(`limit ${limit} exceeds max iteration limit ${TOLD_MAX_LIMIT}`);
    if (to - from <= -DAY_MS) throw badParameter('invalid days');
    const wanted = new Set(types);
    const all = this.records.filter(({ event }) => wanted.size === 0 || wanted.has(event.value.Metadata?.Type ?? ''));
    if (newestFirst) all.reverse();
    const start = startKey === '' ? 0 : all.findIndex(({ id }) => id === startKey) + 1;
    if (startKey !== '' && start === 0) return { records: [], lastKey: '' };

    const records: AuditRecord[] = [];
    let bytes = 0;
    for (const record of all.slice(start)) {
      if (record.at < from || record.at > to) continue;
      bytes += JSON.stringify(eventJson(record.event)).length;
      const last = records.at(-1);
      if (last && bytes >= MAX_PAGE_BYTES) return { records, lastKey: last.id };
      records.push(record);
      if (records.length === size) return { records, lastKey: record.id };
    }
    return { records, lastKey: '' };
  }

  /** The events of a day (UTC), oldest first, after the one that `cursor` names; all when it names none. */
  ofDay(dayAt: number, cursor = ''): AuditRecord[] {
    const day = Math.floor(dayAt / DAY_MS);
    const records = this.records.filter(({ at }) => Math.floor(at / DAY_MS) === day);
    return records.slice(records.findIndex(({ id }) => id === cursor) + 1);
  }
}

/** The event as JSON; `id` and `time` stand beside it. */
export const unstructured = ({ event }: AuditRecord): EventJson => eventJson(event);
