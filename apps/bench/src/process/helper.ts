import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { bareEnvironment } from './environment.ts';
import type { HelperName } from './helpers.ts';
import { end, watch } from './leftovers.ts';

/** What a helper process answers while it runs; it ends by a signal. */
export interface Running<Ready, Question = unknown, Answer = unknown> {
  readonly ready: Ready;
  readonly answer?: (question: Question) => Answer | Promise<Answer>;
}

/** What a module of a helper process exports as `run`. */
export type Run<Input, Ready, Question = unknown, Answer = unknown> = (
  input: Input,
) => Promise<Running<Ready, Question, Answer>>;

/** A helper as its parent sees it. */
export interface Helper<Ready, Question, Answer> extends AsyncDisposable {
  readonly pid: number;
  readonly ready: Ready;
  ask(question: Question): Promise<Answer>;
}

/** The argument by which this program is started as one of its helpers. */
export const HELPER_ARGUMENT = 'as-helper';

const main = fileURLToPath(new URL('../main.js', import.meta.url));

/** Starts one of the helpers in a process of its own and waits until it is ready. */
export async function startHelper<Input, Ready, Question = unknown, Answer = unknown>(
  name: HelperName,
  input: Input,
): Promise<Helper<Ready, Question, Answer>> {
  const child = watch(
    fork(main, [HELPER_ARGUMENT, name], { serialization: 'advanced', env: bareEnvironment(), execArgv: [] }),
  );
  const receive = (): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const onExit = (code: number | null): void => reject(new Error(`the helper ${name} has ended (${code})`));
      child.once('exit', onExit);
      child.once('message', (message: { failed?: string; value?: unknown }) => {
        child.off('exit', onExit);
        if (message.failed === undefined) resolve(message.value);
        else reject(new Error(`the helper ${name} failed: ${message.failed}`));
      });
    });
  const first = receive();
  child.send({ value: input });
  let turn: Promise<unknown> = first;
  const ready = (await first) as Ready;
  return {
    pid: child.pid as number,
    ready,
    ask(question) {
      const answer = turn.then(() => {
        const received = receive();
        child.send({ value: question });
        return received;
      });
      turn = answer.catch(() => {});
      return answer as Promise<Answer>;
    },
    [Symbol.asyncDispose]: () => end(child),
  };
}

/** The other side: runs a helper in this process until its parent ends it or is gone. */
export async function serveHelper(run: Run<unknown, unknown, unknown, unknown>): Promise<void> {
  process.on('disconnect', () => process.exit(0));
  const send = (message: { failed?: string; value?: unknown }): void => void process.send?.(message);
  const failed = (error: unknown): void =>
    send({ failed: error instanceof Error ? String(error.stack) : String(error) });
  const input = await new Promise<unknown>((resolve) => {
    process.once('message', (message: { value: unknown }) => resolve(message.value));
  });
  let running: Running<unknown, unknown, unknown>;
  try {
    running = await run(input);
  } catch (error) {
    failed(error);
    return;
  }
  process.on('message', (message: { value: unknown }) => {
    const answer = async (): Promise<void> => send({ value: await running.answer?.(message.value) });
    answer().catch(failed);
  });
  send({ value: running.ready });
}
