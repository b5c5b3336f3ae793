import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { bareEnvironment } from '../process/environment.ts';
import { end, type Scratch, watch } from '../process/leftovers.ts';
import { ROLE } from './names.ts';

/** The built command. */
export const TBOT: string = join(
  dirname(createRequire(import.meta.url).resolve('@teleport-ts/tbot-cli/package.json')),
  'dist/tbot.cjs',
);

/** `tbot start` in a process of its own, ready to be asked. */
export interface Agent extends AsyncDisposable {
  readonly pid: number;
  readonly socket: string;
}

/**
 * Starts an agent on an auth service, as a user would. Its log goes to a file.
 *
 * @param name of its files in the folder
 * @param limits of its socket, as in the configuration. Default: none
 */
export async function startAgent(
  scratch: Scratch,
  name: string,
  cluster: { readonly address: string; readonly token: string; readonly caPin: string },
  limits: unknown = 'off',
): Promise<Agent> {
  const socket = scratch.join(`${name}.sock`);
  const config = scratch.join(`${name}.yaml`);
  const log = scratch.join(`${name}.log`);
  // JSON is YAML.
  writeFileSync(
    config,
    JSON.stringify({
      auth_server: cluster.address,
      store: { type: 'memory' },
      sockets: [{ path: socket, roles: [ROLE], limits }],
    }),
  );
  const out = openSync(log, 'a');
  const extra = (process.env.BENCH_AGENT_NODE_ARGS ?? '').split(' ').filter(Boolean);
  const args = [...extra, TBOT, 'start', '-c', config, '--token', cluster.token, '--ca-pin', cluster.caPin];
  const child = watch(spawn(process.execPath, args, { stdio: ['ignore', out, out], env: bareEnvironment() }));
  closeSync(out);
  const endAtMs = performance.now() + 30_000;
  while (!existsSync(socket)) {
    if (child.exitCode !== null || performance.now() > endAtMs) {
      await end(child);
      throw new Error(`the agent did not start:\n${readFileSync(log, 'utf8')}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return { pid: child.pid as number, socket, [Symbol.asyncDispose]: () => end(child) };
}
