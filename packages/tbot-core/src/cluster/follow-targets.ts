import type { Caller } from '@teleport-ts/api-client';
import { type WatchEvent, watch } from '@teleport-ts/api-client/watch';
import { isTeleportError } from '@teleport-ts/api-types';
import { type Clock, sleep } from '../clock.ts';
import { backoffMs } from '../retry.ts';
import { dialClock } from './dial.ts';
import { DISCOVERED_NAME_LABEL } from './resource-name.ts';
import type { Target, TargetKind } from './target.ts';

/** Between two watches that broke. Nothing hangs on them: an old route is asked again in any case. */
const RETRY = { firstMs: 1_000, maxMs: 300_000, floorMs: 500 };

const KINDS: ReadonlyMap<string, TargetKind> = new Map([
  ['app_server', 'application'],
  ['db_server', 'database'],
  ['kube_server', 'kubernetes'],
]);

/** What a change of a server says about the resource that it serves. */
export interface TargetChange {
  readonly kind: TargetKind;
  /** Names that it may have been asked for by: its own, and the one that it was discovered by. */
  readonly names: readonly string[];
  /** Undefined when the server is gone. */
  readonly now: Target | undefined;
}

export interface FollowOptions {
  readonly clock: Clock;
  /** From 0 to below 1. */
  readonly random: () => number;
  readonly signal: AbortSignal;
  readonly onChange: (change: TargetChange) => void;
}

/**
 * Tells what changes in a cluster among what serves applications, databases and Kubernetes clusters, as the roles of the
 * connection may watch it, until the signal is aborted. Breaks are mended in silence. Never rejects.
 */
export async function followTargets(client: Caller, options: FollowOptions): Promise<void> {
  const { clock, random, signal, onChange } = options;
  for (let failures = 0; !signal.aborted; ) {
    try {
      const how = { signal, clock: dialClock(clock), partial: true, retry: false, keepAlive: false } as const;
      await using events = await watch(client, [...KINDS.keys()], how);
      failures = 0;
      for await (const event of events) {
        const change = targetChange(event);
        if (change) onChange(change);
      }
    } catch (error) {
      // These roles may watch nothing of it.
      if (isTeleportError(error, 'bad_parameter')) return;
    }
    const waitMs = backoffMs(RETRY, ++failures, random());
    await sleep(clock, waitMs, signal, { keepAlive: false }).catch(() => {});
  }
}

/** Undefined for a change of something else. */
export function targetChange(event: WatchEvent): TargetChange | undefined {
  if (event.type === 'delete') {
    const kind = KINDS.get(event.resource.kind);
    return kind && { kind, names: [event.resource.name], now: undefined };
  }
  if (event.type !== 'put') return undefined;
  switch (event.resource.$case) {
    case 'AppServer': {
      const app = event.resource.value.Spec?.App;
      const publicAddress = app?.Spec?.PublicAddr ?? '';
      return served(app, (name) => ({ kind: 'application', name, publicAddress }));
    }
    case 'DatabaseServer': {
      const database = event.resource.value.Spec?.Database;
      const protocol = database?.Spec?.Protocol ?? '';
      return served(database, (name) => ({ kind: 'database', name, protocol }));
    }
    case 'KubernetesServer':
      return served(event.resource.value.Spec?.Cluster, (name) => ({ kind: 'kubernetes', name }));
    default:
      return undefined;
  }
}

function served(
  resource:
    | { readonly Metadata?: { readonly Name: string; readonly Labels: ReadonlyMap<string, string> } | undefined }
    | undefined,
  targetOf: (name: string) => Target,
): TargetChange | undefined {
  const { Name = '', Labels } = resource?.Metadata ?? {};
  if (Name === '') return undefined;
  const now = targetOf(Name);
  const discovered = Labels?.get(DISCOVERED_NAME_LABEL);
  return { kind: now.kind, names: discovered ? [Name, discovered] : [Name], now };
}
