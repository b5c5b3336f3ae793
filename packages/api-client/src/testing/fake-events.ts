import { GrpcCode, type GrpcStatus, TeleportError } from '@teleport-ts/api-types';
import { type Event, Operation, type Watch } from '@teleport-ts/api-types/proto/teleport/proto/event';

type EventInput = Parameters<typeof Event.fromPartial>[0];

/** A resource in an event, `{ $case: 'Role', value: { Metadata: { Name: 'deployer' } } }`; fields may be left out. */
export type FakeResource = NonNullable<EventInput['Resource']>;

interface Watcher {
  readonly kinds: ReadonlySet<string>;
  push(event: EventInput): void;
  fail(error: unknown): void;
}

/** The changes of a fake cluster, for whoever watches them by `WatchEvents`. */
export class FakeEvents {
  readonly #watchers = new Set<Watcher>();
  #opened = 0;
  #waiting: { readonly count: number; readonly resolve: () => void }[] = [];

  /** How many watches are open now. */
  get watchers(): number {
    return this.#watchers.size;
  }

  /** How many watches have been opened so far; more than one when a watch was resumed. */
  get opened(): number {
    return this.#opened;
  }

  /** Settles when so many watches have been opened so far: before that there is nobody who could see an event. */
  untilOpened(count = 1): Promise<void> {
    if (this.#opened >= count) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiting.push({ count, resolve });
    });
  }

  /** A resource was created or changed. Those who watch its kind see it; nobody is told later. */
  put(resource: FakeResource): void {
    this.#send(kindOf(resource), { Type: Operation.PUT, Resource: resource });
  }

  /** A resource is gone. */
  delete({ kind, name, subKind = '' }: { kind: string; name: string; subKind?: string }): void {
    const header = { Kind: kind, SubKind: subKind, Metadata: { Name: name } };
    this.#send(kind, { Type: Operation.DELETE, Resource: { $case: 'ResourceHeader', value: header } });
  }

  /** Ends all open watches with an error; default is what a server that restarts gives. */
  cut(error: Error | GrpcStatus = { code: GrpcCode.UNAVAILABLE, message: 'the connection was cut' }): void {
    for (const watcher of [...this.#watchers]) watcher.fail(error);
  }

  /** @internal Answers `WatchEvents`. */
  async *watch({ Kinds }: Watch, signal: AbortSignal): AsyncGenerator<EventInput> {
    if (Kinds.length === 0) throw new TeleportError('access_denied', "can't setup global watch");
    const events: EventInput[] = [];
    let failure: { error: unknown } | undefined;
    let wake: () => void = () => {};
    const watcher: Watcher = {
      kinds: new Set(Kinds.map(({ Kind }) => Kind)),
      push(event) {
        events.push(event);
        wake();
      },
      fail(error) {
        failure = { error };
        wake();
      },
    };
    const onAbort = (): void => wake();
    signal.addEventListener('abort', onAbort, { once: true });
    this.#watchers.add(watcher);
    try {
      const status = { Kind: 'watch_status', Spec: { Kinds } };
      yield { Type: Operation.INIT, Resource: { $case: 'WatchStatus', value: status } };
      this.#count();
      for (;;) {
        const event = events.shift();
        if (event) yield event;
        else if (failure) throw failure.error;
        else if (signal.aborted) return;
        else {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      }
    } finally {
      signal.removeEventListener('abort', onAbort);
      this.#watchers.delete(watcher);
    }
  }

  #send(kind: string, event: EventInput): void {
    for (const watcher of this.#watchers) if (watcher.kinds.has(kind)) watcher.push(event);
  }

  #count(): void {
    this.#opened += 1;
    for (const { resolve } of this.#waiting.filter(({ count }) => count <= this.#opened)) resolve();
    this.#waiting = this.#waiting.filter(({ count }) => count > this.#opened);
  }
}

/** Kinds whose names are not those of their messages. */
const KINDS: Readonly<Record<string, string>> = {
  AuthPreference: 'cluster_auth_preference',
  Database: 'db',
  DatabaseServer: 'db_server',
  KubernetesCluster: 'kube_cluster',
  KubernetesServer: 'kube_server',
  ProvisionToken: 'token',
  Server: 'node',
};

function kindOf({ $case, value }: FakeResource): string {
  const { Kind, kind } = value as { Kind?: string; kind?: string };
  return Kind || kind || KINDS[$case] || $case.replace(/(?<=.)[A-Z]/g, (letter) => `_${letter}`).toLowerCase();
}
