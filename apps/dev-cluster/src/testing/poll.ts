/** Thrown by an attempt that knows that no further one will help. */
export class NoUse extends Error {}

/** Attempts every 300 ms until it succeeds; fails with the last failure when `limitMs` have passed. */
export async function poll(what: string, limitMs: number, attempt: () => Promise<void>): Promise<void> {
  const end = Date.now() + limitMs;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (error instanceof NoUse) throw error;
      if (Date.now() > end) throw new Error(`${what}: not after ${limitMs / 1000} s`, { cause: error });
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
  }
}
