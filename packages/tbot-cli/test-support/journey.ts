import { chmodSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { DevCluster, type DevClusterOptions } from '@teleport-ts/dev-cluster';
import {
  type Finished,
  type ProgramOptions,
  RunningProgram,
  runInProcess,
  runProgram,
  TemporaryDirectory,
} from '@teleport-ts/dev-cluster/testing';
import { runCommandLine } from '../src/command-line.ts';

/** The built command. */
export const TBOT: string = fileURLToPath(new URL('../dist/tbot.cjs', import.meta.url));

/** What a shell of the developer may have set, and a test must not see. */
const BARE_ENVIRONMENT = {
  NODE_OPTIONS: undefined,
  NODE_EXTRA_CA_CERTS: undefined,
  TBOT_SOCKET: undefined,
  TBOT_CONFIG: undefined,
  TBOT_CONFIG_PATH: undefined,
  TBOT_DEBUG: undefined,
  TELEPORT_BOT_TOKEN: undefined,
  TELEPORT_AUTH_SERVER: undefined,
  TELEPORT_PROXY: undefined,
};

/** Runs `tbot` to its end. */
export function tbot(args: readonly string[], options: ProgramOptions = {}): Promise<Finished> {
  return runProgram(process.execPath, [TBOT, ...args], {
    ...options,
    env: { ...BARE_ENVIRONMENT, ...options.env },
  });
}

/**
 * Runs `tbot` without a process of its own: the same code, half a second sooner. For what a command does and tells; that
 * the built program does it too is for one test of each kind to show.
 */
export function tbotInProcess(args: readonly string[], options: Pick<ProgramOptions, 'env'> = {}): Promise<Finished> {
  return runInProcess(runCommandLine, args, { env: { ...BARE_ENVIRONMENT, ...options.env } });
}

/** How an agent of {@link Journey.agent} is set up; by default as the RFD's YAML says, joining with a new token. */
export interface AgentOptions {
  /** Default: the cluster's auth service. */
  readonly address?: string;
  /** Default: a new one, so that a lock on it is nobody else's trouble. */
  readonly bot?: string;
  /** Default: a new one; null for none. */
  readonly token?: string | null;
  /** Default: the cluster's. */
  readonly caPin?: string | null;
  /** Keeps its identity here; default: in memory. */
  readonly store?: string | undefined;
  /** Default: a new one. */
  readonly socket?: string;
  /** The roles of the socket, as YAML. Default `["role-a", "role-b"]`. */
  readonly roles?: string;
  /** More lines of YAML for the socket. */
  readonly more?: string;
  readonly flags?: readonly string[];
  readonly env?: ProgramOptions['env'];
}

/** An agent that was started, and what it was started with. */
export interface StartedAgent {
  readonly program: RunningProgram;
  readonly socket: string;
  readonly config: string;
  readonly bot: string;
  readonly token: string | undefined;
}

/**
 * A cluster, a folder, and the agents of one test file, run as an operator and a user run them: the built programs, a
 * `tbot.yaml` in the RFD's form, real sockets. Whatever was started ends with it.
 */
export class Journey implements AsyncDisposable {
  readonly cluster: DevCluster;
  readonly #programs: RunningProgram[] = [];
  readonly #folder: TemporaryDirectory;
  #count = 0;

  private constructor(cluster: DevCluster, folder: TemporaryDirectory) {
    this.cluster = cluster;
    this.#folder = folder;
  }

  /** A cluster `root.example` with the roles `role-a`, `role-b` and `role-c`, and the applications `foo` and `bar`. */
  static async start(options: DevClusterOptions = {}): Promise<Journey> {
    const folder = await TemporaryDirectory.create();
    const cluster = await DevCluster.start({ name: 'root.example', dataDir: folder.join('cluster'), ...options });
    for (const name of ['role-a', 'role-b', 'role-c']) cluster.upsertRole({ name, allow: { appLabels: { '*': '*' } } });
    for (const name of ['foo', 'bar']) await cluster.addApplication({ name });
    return new Journey(cluster, folder);
  }

  /** A path in the folder of this journey. */
  path(...names: string[]): string {
    return this.#folder.join(...names);
  }

  /** A path that nobody uses yet. */
  fresh(name: string): string {
    this.#count += 1;
    return this.path(`${name}-${this.#count}`);
  }

  /** A bot that may impersonate all roles; its name. */
  async newBot(): Promise<string> {
    this.#count += 1;
    const { botName } = await this.cluster.upsertBot({
      name: `ci-${this.#count}`,
      roles: ['role-a', 'role-b', 'role-c'],
    });
    return botName;
  }

  /** Starts an agent and waits until it is ready. */
  async agent(options: AgentOptions = {}): Promise<StartedAgent> {
    const agent = await this.startAgent(options);
    await agent.program.printed(/\bready\b/);
    return agent;
  }

  /** Starts an agent and does not wait. */
  async startAgent(options: AgentOptions = {}): Promise<StartedAgent> {
    const { address = this.cluster.authAddress, store, caPin = this.cluster.caPins[0], flags = [] } = options;
    const socket = options.socket ?? this.fresh('socket');
    const bot = options.bot ?? (await this.newBot());
    const token =
      options.token === null ? undefined : (options.token ?? (await this.cluster.createToken({ botName: bot })));
    const config = this.fresh('tbot.yaml');
    await writeFile(config, rfdConfig({ ...options, address, store, socket }));
    const program = new RunningProgram(
      process.execPath,
      [
        ...[TBOT, 'start', '-c', config, '--join-method', 'token'],
        ...(token === undefined ? [] : ['--token', token]),
        ...(caPin ? ['--ca-pin', caPin] : []),
        ...flags,
      ],
      { env: { ...BARE_ENVIRONMENT, ...options.env } },
    );
    this.#programs.push(program);
    return { program, socket, config, bot, token };
  }

  /** Runs an agent that is not going to start: what it ended with, its log lines left out. */
  async refusedAgent(options: AgentOptions = {}): Promise<{ code: number | null; told: string; stderr: string }> {
    const { program } = await this.startAgent(options);
    const hard = setTimeout(() => program.kill('SIGKILL'), 40_000);
    const { code, stderr } = await program.finished;
    clearTimeout(hard);
    return { code, stderr, told: told(stderr) };
  }

  /** The command of the RFD, asking for `foo`; `args` may say more. */
  generate(socket: string, out: string, args: readonly string[] = []): Promise<Finished> {
    return tbot(generateFoo(socket, out, args));
  }

  /** The same as {@link tbotInProcess}. */
  generateInProcess(socket: string, out: string, args: readonly string[] = []): Promise<Finished> {
    return tbotInProcess(generateFoo(socket, out, args));
  }

  /** The same command, not waited for. */
  startGenerate(socket: string, out: string): RunningProgram {
    const program = new RunningProgram(
      process.execPath,
      [TBOT, 'generate', '--socket', socket, 'application', '--app-name', 'foo', '--out', out],
      { env: BARE_ENVIRONMENT },
    );
    this.#programs.push(program);
    return program;
  }

  /** Lets other users reach the sockets in the folder, as far as the sockets let them. */
  letOthersIn(): void {
    chmodSync(this.#folder.path, 0o755);
  }

  /** A folder of its own. */
  async newFolder(name: string): Promise<string> {
    const path = this.fresh(name);
    await mkdir(path);
    return path;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#programs.map((agent) => agent[Symbol.asyncDispose]()));
    await this.cluster.stop();
    await this.#folder[Symbol.asyncDispose]();
  }
}

const generateFoo = (socket: string, out: string, args: readonly string[]): string[] => [
  ...['generate', '--socket', socket, 'application', '--app-name', 'foo', '--out', `file://${out}`, ...args],
];

/** The configuration as the RFD "Machine ID Dynamic Credential API" has it. */
export const RFD_YAML = `auth_server: root.tele.example.com:443
store:
  type: memory
sockets:
- path: file:///my/tbot/socket
  roles: ["role-a", "role-b"]
`;

/** The same with address, path, roles and store replaced. */
export function rfdConfig(
  options: Pick<AgentOptions, 'store' | 'roles' | 'more'> & { readonly address: string; readonly socket: string },
): string {
  const { address, socket, store, roles = '["role-a", "role-b"]', more } = options;
  const yaml = RFD_YAML.replace('root.tele.example.com:443', address)
    .replace('/my/tbot/socket', socket)
    .replace('["role-a", "role-b"]', roles)
    .replace('type: memory', store === undefined ? 'type: memory' : `type: directory\n  path: ${store}`);
  return more === undefined ? yaml : `${yaml}${more}\n`;
}

/** The `error:`, `hint:` and `note:` lines of what was printed. */
export function told(stderr: string): string {
  return stderr
    .split('\n')
    .filter((line) => /^(error|hint|note): /.test(line))
    .join('\n');
}
