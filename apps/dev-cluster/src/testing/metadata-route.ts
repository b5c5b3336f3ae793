import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const exec = promisify(execFile);

// A metric of its own tells this process's route from those of others, who may need theirs for longer.
const route = ['unreachable', '169.254.169.254/32', 'metric', String(process.pid)];

let holders = 0;
let added = false;
let turn: Promise<unknown> = Promise.resolve();

/**
 * Makes the clouds' metadata address unreachable for as long as the holder lives.
 *
 * Teleport asks that address when it starts. Without a route to it that fails at
 * once and nothing leaves the machine; where no route may be set (or there is no
 * `ip`), Teleport waits for its time limits, which does no other harm.
 */
export async function denyMetadataAddress(): Promise<AsyncDisposable> {
  await inTurn(async () => {
    if (holders++ === 0) added = await ip('add');
  });
  let held = true;
  return {
    [Symbol.asyncDispose]: () =>
      inTurn(async () => {
        if (!held) return;
        held = false;
        if (--holders === 0 && added) await ip('del');
      }),
  };
}

function inTurn(act: () => Promise<void>): Promise<void> {
  const done = turn.then(act);
  turn = done;
  return done;
}

async function ip(verb: 'add' | 'del'): Promise<boolean> {
  return exec('ip', ['route', verb, ...route]).then(
    () => true,
    () => false,
  );
}
