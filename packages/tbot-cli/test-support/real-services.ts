import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { userInfo } from 'node:os';
import {
  type Finished,
  freePorts,
  KubernetesApi,
  PostgresServer,
  RealTeleport,
  type RealTeleportOptions,
  RunningProgram,
  TemporaryDirectory,
  WebAuthority,
} from '@teleport-ts/dev-cluster/testing';
import { TBOT, tbot } from './journey.ts';

/** The role that may use everything, on the root and on the leaf. */
export const DEPLOYER = 'deployer';
const EVERYTHING = { '*': '*' };

/** What differs from the default. */
export interface RootOptions extends Pick<RealTeleportOptions, 'listenerMode'> {
  readonly postgresPort?: boolean;
}

interface Parts {
  readonly teleport: RealTeleport;
  readonly postgres: PostgresServer;
  readonly kubernetes: KubernetesApi;
  readonly postgresProxyPort: number;
}

/**
 * A real Teleport 18 with something real behind each of its services: an application, an SSH node, PostgreSQL, and what
 * stands for a Kubernetes API server. Their names are `<place>-app`, `<place>-db`, `<place>-kube`; the node is `real`.
 */
export class RealServices implements AsyncDisposable {
  readonly teleport: RealTeleport;
  readonly place: string;
  readonly postgres: PostgresServer;
  readonly kubernetes: KubernetesApi;
  /** Where the proxy takes clients of PostgreSQL. */
  readonly postgresProxyPort: number;
  /** The account of the node that the role may log in as: whoever runs the test. */
  readonly login: string = userInfo().username;
  readonly #opened: AsyncDisposable[];

  private constructor(place: string, parts: Parts, opened: AsyncDisposable[]) {
    this.place = place;
    this.teleport = parts.teleport;
    this.postgres = parts.postgres;
    this.kubernetes = parts.kubernetes;
    this.postgresProxyPort = parts.postgresProxyPort;
    this.#opened = opened;
  }

  /** Without a `postgresPort` of its own the proxy takes clients of PostgreSQL on its web port. Default true. */
  static startRoot({ postgresPort = true, ...more }: RootOptions = {}): Promise<RealServices> {
    const own = postgresPort ? {} : { configure: () => {} };
    return RealServices.#start('root', (options) => RealTeleport.start({ ...options, ...own, ...more }), postgresPort);
  }

  /** A leaf with the same behind it; the role of the root is the role of the leaf. */
  static startLeaf(root: RealServices): Promise<RealServices> {
    return RealServices.#start('leaf', (options) => RealTeleport.startLeaf(root.teleport, options));
  }

  static async #start(
    place: string,
    start: (options: RealTeleportOptions) => Promise<RealTeleport>,
    postgresPort = true,
  ): Promise<RealServices> {
    const opened: AsyncDisposable[] = [];
    const open = <T extends AsyncDisposable>(resource: T): T => {
      opened.unshift(resource);
      return resource;
    };
    try {
      const parts = await openParts(place, start, open);
      const postgresProxyPort = postgresPort ? parts.postgresProxyPort : parts.teleport.ports.web;
      return new RealServices(place, { ...parts, postgresProxyPort }, opened);
    } catch (error) {
      for (const each of opened) await each[Symbol.asyncDispose]();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const each of this.#opened.splice(0)) await each[Symbol.asyncDispose]();
  }
}

async function openParts(
  place: string,
  start: (options: RealTeleportOptions) => Promise<RealTeleport>,
  open: <T extends AsyncDisposable>(resource: T) => T,
): Promise<Parts> {
  const web = new WebAuthority({ clock: Date });
  const kubernetes = open(await KubernetesApi.start({ server: web.issue() }));
  const [postgresPort, postgresProxyPort] = (await freePorts(2)) as [number, number];
  const options: RealTeleportOptions = {
    nodeLabels: { env: 'demo' },
    applications: [{ name: `${place}-app`, uri: await openApplication(open) }],
    databases: [{ name: `${place}-db`, protocol: 'postgres', uri: `localhost:${postgresPort}` }],
    kubernetesClusters: [{ name: `${place}-kube`, server: kubernetes.url, caPem: web.certificate }],
    configure: (config) => {
      config.proxy_service.postgres_listen_addr = `127.0.0.1:${postgresProxyPort}`;
    },
  };
  const teleport = open(await start(options));
  await teleport.createRole(DEPLOYER, {
    allow: {
      ...{ app_labels: EVERYTHING, node_labels: EVERYTHING, logins: [userInfo().username] },
      ...{ db_labels: EVERYTHING, db_users: ['reader'], db_names: ['main'] },
      ...{ kubernetes_labels: EVERYTHING, kubernetes_groups: ['viewers'] },
      kubernetes_resources: [{ kind: '*', namespace: '*', name: '*', verbs: ['*'] }],
    },
  });
  const postgres = open(await startPostgres(teleport, postgresPort));
  return { teleport, postgres, kubernetes, postgresProxyPort };
}

/** Answers with the headers that it was asked with. */
async function openApplication(open: (resource: AsyncDisposable) => void): Promise<string> {
  const server = createServer((request, response) => response.end(JSON.stringify(request.headers)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open({ [Symbol.asyncDispose]: async () => void server.close() });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** With the certificate and the trust that the cluster gives to databases of its database service. */
async function startPostgres(teleport: RealTeleport, port: number): Promise<PostgresServer> {
  await using folder = await TemporaryDirectory.create();
  const path = folder.join('db');
  await teleport.tctl(['auth', 'sign', '--format=db', '--host=localhost', '--ttl=2h', `--out=${path}`]);
  const [key, cert, clientCa] = (await Promise.all(
    ['key', 'crt', 'cas'].map((end) => readFile(`${path}.${end}`, 'utf8')),
  )) as [string, string, string];
  return PostgresServer.start({
    ...{ server: { key, cert }, clientCas: [clientCa], port },
    ...{ accounts: { reader: [] }, databases: ['main'] },
  });
}

export interface RealAgentOptions {
  /** Whom to trust for the web certificate of the proxy. Default: the cluster's. */
  readonly webCaPath?: string;
  /** More lines of YAML for the socket, indented by two. */
  readonly limits?: string;
}

/** An agent at a real cluster, with one socket, and the command that asks it. */
export class RealAgent implements AsyncDisposable {
  readonly socket: string;
  /** What a user of the cluster has set: whom to trust for the web certificate of its proxy. */
  readonly env: Readonly<Record<string, string>>;
  readonly #program: RunningProgram;
  readonly #folder: TemporaryDirectory;

  private constructor(
    socket: string,
    env: Readonly<Record<string, string>>,
    program: RunningProgram,
    folder: TemporaryDirectory,
  ) {
    this.socket = socket;
    this.env = env;
    this.#program = program;
    this.#folder = folder;
  }

  /** `address` is that of the auth service or of the proxy; the bot is a new one of that name. */
  static async start(
    { teleport }: { readonly teleport: RealTeleport },
    bot: string,
    address: string,
    { webCaPath = teleport.webCaPath, limits = '' }: RealAgentOptions = {},
  ): Promise<RealAgent> {
    const folder = await TemporaryDirectory.create();
    const [socket, config] = [folder.join('agent.sock'), folder.join('tbot.yaml')];
    const yaml = `auth_server: ${address}\nstore: { type: memory }\nsockets:\n- path: ${socket}\n  roles: [${DEPLOYER}]\n${limits}`;
    await writeFile(config, yaml);
    const token = await teleport.createBot(bot, [DEPLOYER]);
    const pin = address === teleport.authAddress ? ['--ca-pin', await teleport.caPin()] : [];
    const env = { NODE_EXTRA_CA_CERTS: webCaPath };
    const program = new RunningProgram(
      process.execPath,
      [TBOT, 'start', '-c', config, '--token', token, '--join-method', 'token', ...pin],
      { env },
    );
    const agent = new RealAgent(socket, env, program, folder);
    try {
      await program.printed(/\bready\b/);
      return agent;
    } catch (error) {
      await agent[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** A path that the agent's end removes. */
  path(name: string): string {
    return this.#folder.join(name);
  }

  /** `tbot generate …`; writes into {@link path} of `name`, which it returns. */
  async generate(name: string, ...request: string[]): Promise<string> {
    const { code, stderr } = await this.run('generate', '--socket', this.socket, ...request, '--out', this.path(name));
    if (code !== 0) throw new Error(`tbot generate ${request.join(' ')} ended with ${code}:\n${stderr}`);
    return this.path(name);
  }

  /** `tbot …` */
  run(...args: string[]): Promise<Finished> {
    return tbot(args, { env: this.env });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#program[Symbol.asyncDispose]();
    await this.#folder[Symbol.asyncDispose]();
  }
}
