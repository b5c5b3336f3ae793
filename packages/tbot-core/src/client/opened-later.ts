/**
 * An iteration whose source is made when it is first asked. Each loop over it opens one; leaving it before it has begun
 * opens none.
 */
export function openedLater<T>(open: () => Promise<AsyncIterable<T>>): AsyncIterable<T> {
  return {
    [Symbol.asyncIterator](): AsyncIterator<T, undefined> {
      const over: IteratorResult<T, undefined> = { done: true, value: undefined };
      let source: Promise<AsyncIterator<T>> | undefined;
      let left = false;
      return {
        async next() {
          if (left) return over;
          source ??= open().then((opened) => opened[Symbol.asyncIterator]());
          const result = await (await source).next();
          return result.done ? over : result;
        },
        async return() {
          left = true;
          const opened = await source?.catch(() => undefined);
          await opened?.return?.();
          return over;
        },
      };
    },
  };
}
