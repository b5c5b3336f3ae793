import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** How often the process is looked at, milliseconds. */
export const LOOK_MS = 10_000;
/** Share of one processor below which it counts as idle. */
const IDLE_SHARE = 0.05;
/** Less than this is not worth a pause. */
const WORTH_BYTES = 32 * 1024 * 1024;

/** The process as it is at a moment. */
export interface ProcessUsage {
  /** Processor time since its start, milliseconds. */
  readonly cpuMs: number;
  /** What V8 has taken from the system for its heap. */
  readonly heapBytes: number;
}

export interface IdleCollectionOptions {
  readonly usage?: () => ProcessUsage;
  readonly collect?: () => void;
}

/**
 * Gives memory back after a burst. V8 collects by what is allocated, so that a process which nobody asks any more would
 * keep the garbage of its last burst for ever; this collects once it has become idle.
 */
export function collectWhenIdle({
  usage = processUsage,
  collect = collector(),
}: IdleCollectionOptions = {}): Disposable {
  let before = usage();
  let settledBytes = before.heapBytes;
  const timer = setInterval(() => {
    const now = usage();
    const idle = now.cpuMs - before.cpuMs < LOOK_MS * IDLE_SHARE;
    before = now;
    settledBytes = Math.min(settledBytes, now.heapBytes);
    if (!idle || now.heapBytes - settledBytes < WORTH_BYTES) return;
    collect();
    before = usage();
    settledBytes = before.heapBytes;
  }, LOOK_MS);
  timer.unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

function processUsage(): ProcessUsage {
  const { user, system } = process.cpuUsage();
  return { cpuMs: (user + system) / 1000, heapBytes: process.memoryUsage().heapTotal };
}

/** V8's own collection. The flag counts for contexts made after it. */
export function collector(): () => void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  setFlagsFromString('--no-expose-gc');
  return collect;
}
