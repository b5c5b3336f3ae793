import type { FakeClock } from '@teleport-ts/api-types/testing';

/** Timers up to this far ahead are taken for something that is waited for; later ones for plans. */
const SOON_MS = 20_000;

/** Lets the time of a clock go on while `work` waits for its timers. */
export async function withPassingTime<T>(clock: FakeClock, work: Promise<T>): Promise<T> {
  let over = false;
  const ended = (): void => {
    over = true;
  };
  work.then(ended, ended);
  while (!over) {
    const next = clock.nextTimerAt;
    await clock.advance(next !== undefined && next - clock.now() < SOON_MS ? 500 : 0);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return await work;
}
