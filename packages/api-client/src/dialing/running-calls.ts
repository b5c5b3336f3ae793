import type { Cancelable } from '../calls/call-target.ts';

/**
 * The calls that run on a connection. Some run in the background: the process does not live on for them, whatever grpc-js
 * thinks, which keeps it alive for any.
 */
export class RunningCalls extends Set<Cancelable> {
  readonly #onHold: (hold: boolean) => void;
  readonly #background = new WeakSet<Cancelable>();
  #foreground = 0;

  /** @param onHold told whether there is a call that the process should live on for, whenever that changes */
  constructor(onHold: (hold: boolean) => void) {
    super();
    this.#onHold = onHold;
  }

  override add(call: Cancelable): this {
    super.add(call);
    this.#foreground += 1;
    if (this.#foreground === 1) this.#onHold(true);
    return this;
  }

  addInBackground(call: Cancelable): void {
    this.#background.add(call);
    super.add(call);
  }

  override delete(call: Cancelable): boolean {
    if (!super.delete(call)) return false;
    if (!this.#background.has(call)) {
      this.#foreground -= 1;
      if (this.#foreground === 0) this.#onHold(false);
    }
    return true;
  }
}
