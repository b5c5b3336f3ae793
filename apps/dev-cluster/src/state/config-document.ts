import { badParameter, revisionMismatch } from '../errors.ts';
import { type Resource, revisionOf, stamped } from '../resources.ts';
import type { Collection } from '../store/collection.ts';

const ORIGIN = 'teleport.dev/origin';

/** A configuration of which a cluster has one: as its file says until somebody writes another one. */
export class ConfigDocument<R extends Resource> {
  readonly #collection: Collection<R>;
  readonly #name: string;
  readonly #configured: R;

  constructor(collection: Collection<R>, name: string, configured: R) {
    this.#collection = collection;
    this.#name = name;
    this.#configured = configured;
  }

  get(): R {
    return this.#collection.get(this.#name) ?? this.#configured;
  }

  put(config: R): R {
    const stored = stamped(config);
    this.#collection.put(this.#name, stored);
    return stored;
  }

  /** @throws TeleportError `compare_failed` when it was written by somebody else since it was read */
  update(config: R): R {
    if (revisionOf(config) !== revisionOf(this.get())) throw revisionMismatch();
    return this.put(config);
  }

  /** @throws TeleportError `bad_parameter`, with `text`, when the cluster's file decides about it */
  reset(defaults: R, text: string): R {
    if (this.get().Metadata?.Labels.get(ORIGIN) === 'config-file') throw badParameter(text);
    return this.put(defaults);
  }
}
