import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { appendFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { request as requestPlain } from 'node:http';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { denyMetadataAddress } from './metadata-route.ts';
import { NoUse, poll } from './poll.ts';
import {
  choosePorts,
  nameOfCluster,
  type RealTeleportConfigOptions,
  type RealTeleportPorts,
  writeConfig,
} from './real-teleport-config.ts';
import { writeWebCertificate } from './web-certificate-files.ts';

export type {
  RealApplication,
  RealDatabase,
  RealKubernetesCluster,
  RealTeleportConfig,
  RealTeleportPorts,
} from './real-teleport-config.ts';

const exec = promisify(execFile);

export interface RealTeleportOptions extends RealTeleportConfigOptions {
  /** Folder with `teleport` and `tctl` of Teleport 18. Default: TELEPORT_BIN_DIR. */
  readonly binDir?: string;
  /**
   * The web port speaks plain HTTP (`--insecure-no-tls`), as behind a load balancer that ends TLS. Default false.
   * Teleport 18 ends at start unless listeners are separate.
   */
  readonly insecureNoTls?: boolean;
  /** Authorities of other clusters' web certificates that this one's processes trust beside their own, PEM. */
  readonly trustedWebCas?: readonly string[];
}

export interface RealLeafOptions extends RealTeleportOptions {
  /** The leaf's roles that holders of the root's roles get there. Default `{ deployer: ['deployer'] }`. */
  readonly roleMap?: Readonly<Record<string, readonly string[]>>;
}

/** Where the binaries of a real Teleport 18 are, or undefined: then interop tests are skipped. */
export function teleportBinDir(): string | undefined {
  return process.env.TELEPORT_BIN_DIR || undefined;
}

/**
 * A real Teleport 18 (auth, proxy, and the services asked for) on loopback, for interop tests.
 *
 * ```ts
 * await using teleport = await RealTeleport.start({ applications: [{ name: 'foo', uri }] });
 * await teleport.createRole('deployer', { allow: { app_labels: { '*': '*' } } });
 * const token = await teleport.createBot('ci', ['deployer']);
 * ```
 */
export class RealTeleport implements AsyncDisposable {
  readonly name: string;
  readonly ports: RealTeleportPorts;
  /** `127.0.0.1:port` of the auth service. */
  readonly authAddress: string;
  /** `localhost:port` of the proxy's web address. */
  readonly proxyAddress: string;
  /** `localhost:port` where the proxy takes SSH; the web address unless listeners are separate. */
  readonly sshProxyAddress: string;
  /** `localhost:port` where the proxy takes reverse tunnels; the web address unless listeners are separate. */
  readonly tunnelAddress: string;
  /** CA of the proxy's web certificate, PEM. */
  readonly webCaPem: string;
  readonly webCaPath: string;
  readonly #binDir: string;
  readonly #folder: string;
  readonly #noTls: boolean;
  #process: ChildProcess | undefined;
  #metadataRoute: AsyncDisposable | undefined;
  #log = '';

  private constructor(
    folder: string,
    binDir: string,
    webCa: string,
    ports: RealTeleportPorts,
    options: RealTeleportOptions,
  ) {
    this.#folder = folder;
    this.#binDir = binDir;
    this.#noTls = options.insecureNoTls === true;
    this.name = options.name ?? 'root.test';
    this.ports = ports;
    this.authAddress = `127.0.0.1:${ports.auth}`;
    this.proxyAddress = `localhost:${ports.web}`;
    this.sshProxyAddress = `localhost:${ports.ssh}`;
    this.tunnelAddress = `localhost:${ports.tunnel}`;
    this.webCaPem = webCa;
    this.webCaPath = join(folder, 'webca.pem');
  }

  static async start(options: RealTeleportOptions = {}): Promise<RealTeleport> {
    const binDir = options.binDir ?? teleportBinDir();
    if (!binDir) throw new Error('TELEPORT_BIN_DIR does not name a folder with the binaries of Teleport 18');
    const folder = await mkdtemp(join(tmpdir(), 'real-teleport-'));
    const ports = await choosePorts(options.listenerMode ?? 'multiplex');
    const webCa = await writeWebCertificate(folder);
    // Go programs take their web authorities from one file, and read it when they start.
    for (const pem of options.trustedWebCas ?? []) await appendFile(join(folder, 'webca.pem'), pem);
    await mkdir(join(folder, 'data'), { mode: 0o700 });
    await writeConfig(folder, ports, options);
    const teleport = new RealTeleport(folder, binDir, webCa, ports, options);
    try {
      await teleport.#run();
      await teleport.#listed(
        'app_server',
        options.applications?.map(({ name }) => name),
      );
      await teleport.#listed(
        'db_server',
        options.databases?.map(({ name }) => name),
      );
      await teleport.#listed('kube_server', options.kubernetesClusters?.map(nameOfCluster));
      await teleport.#listed('node', options.nodeLabels && ['real']);
    } catch (error) {
      await teleport.stop();
      throw error;
    }
    return teleport;
  }

  /** Starts a leaf cluster that trusts `root`, and waits until the root says that it is online. Default name `leaf.test`. */
  static async startLeaf(root: RealTeleport, options: RealLeafOptions = {}): Promise<RealTeleport> {
    const { roleMap = { deployer: ['deployer'] }, name = 'leaf.test', trustedWebCas = [], ...rest } = options;
    const leaf = await RealTeleport.start({ ...rest, name, trustedWebCas: [root.webCaPem, ...trustedWebCas] });
    try {
      const token = randomUUID();
      await root.tctl(['tokens', 'add', '--type=trusted_cluster', '--ttl=1h', `--value=${token}`]);
      for (const local of new Set(Object.values(roleMap).flat())) await leaf.#createRoleIfMissing(local);
      await leaf.#create({
        kind: 'trusted_cluster',
        version: 'v2',
        metadata: { name: root.name },
        spec: {
          enabled: true,
          token,
          web_proxy_addr: root.proxyAddress,
          tunnel_addr: root.tunnelAddress,
          role_map: Object.entries(roleMap).map(([remote, local]) => ({ remote, local })),
        },
      });
      await poll(`the leaf ${name} is online`, 60_000, async () => {
        const known = JSON.parse(await root.tctl(['get', 'remote_cluster', '--format=json'])) as RemoteCluster[];
        const ours = known.find(({ metadata }) => metadata.name === name);
        if (ours?.status.connection !== 'online') throw new Error(`it is ${ours?.status.connection ?? 'not known'}`);
      });
      return leaf;
    } catch (error) {
      await leaf.stop();
      throw error;
    }
  }

  /** Runs `tctl` on this cluster and gives what it prints. */
  async tctl(args: readonly string[], input?: string): Promise<string> {
    const running = exec(join(this.#binDir, 'tctl'), ['-c', join(this.#folder, 'teleport.yaml'), ...args], {
      env: { ...process.env, SSL_CERT_FILE: this.webCaPath },
      maxBuffer: 64 << 20,
    });
    running.child.stdin?.end(input ?? '');
    return (await running).stdout;
  }

  /** Creates or replaces a role; `spec` as in `tctl create`. */
  async createRole(name: string, spec: Readonly<Record<string, unknown>>): Promise<void> {
    await this.#create({ kind: 'role', version: 'v7', metadata: { name }, spec });
  }

  /** Creates a bot and gives its token, good for one join. */
  async createBot(name: string, roles: readonly string[]): Promise<string> {
    const out = await this.tctl(['bots', 'add', name, `--roles=${roles.join(',')}`, '--format=json']);
    return (JSON.parse(out) as { token_id: string }).token_id;
  }

  /** Creates one more token for a bot that exists. */
  async createBotToken(bot: string, token: string): Promise<string> {
    await this.#create({
      kind: 'token',
      version: 'v2',
      metadata: { name: token, expires: new Date(Date.now() + 3_600_000).toISOString() },
      spec: { roles: ['Bot'], join_method: 'token', bot_name: bot },
    });
    return token;
  }

  /** Writes an identity file for a user and gives its path. */
  async identityFile(user: string, ttl = '1h'): Promise<string> {
    const path = join(this.#folder, `${user}.id`);
    await this.tctl([
      'auth',
      'sign',
      `--user=${user}`,
      '--format=file',
      `--out=${path}`,
      `--ttl=${ttl}`,
      '--overwrite',
    ]);
    return path;
  }

  /** The CA pin, as `tctl status` prints it. */
  async caPin(): Promise<string> {
    const pin = /sha256:[0-9a-f]{64}/.exec(await this.tctl(['status']))?.[0];
    if (!pin) throw new Error('tctl status printed no CA pin');
    return pin;
  }

  /** What the process has logged so far. */
  get log(): string {
    return this.#log;
  }

  /** Ends the process and starts it again on the same state and ports; `between` gets the folder that it lives in. */
  async restart(between?: (folder: string) => Promise<void>): Promise<void> {
    await this.#end();
    await between?.(this.#folder);
    await this.#run();
  }

  async stop(): Promise<void> {
    await this.#end();
    await this.#metadataRoute?.[Symbol.asyncDispose]();
    this.#metadataRoute = undefined;
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 5 });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  /** A role map may name only roles that there are. */
  async #createRoleIfMissing(name: string): Promise<void> {
    const roles = JSON.parse(await this.tctl(['get', 'roles', '--format=json'])) as { metadata: { name: string } }[];
    if (!roles.some(({ metadata }) => metadata.name === name)) {
      await this.createRole(name, { allow: { app_labels: { '*': '*' } } });
    }
  }

  async #create(resource: unknown): Promise<void> {
    await this.tctl(['create', '-f'], JSON.stringify(resource));
  }

  async #run(): Promise<void> {
    this.#metadataRoute ??= await denyMetadataAddress();
    const args = ['start', '-c', join(this.#folder, 'teleport.yaml'), ...(this.#noTls ? ['--insecure-no-tls'] : [])];
    const child = spawn(join(this.#binDir, 'teleport'), args, {
      env: { ...process.env, SSL_CERT_FILE: this.webCaPath },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#process = child;
    child.stderr?.on('data', (chunk: Buffer) => {
      this.#log = (this.#log + chunk.toString()).slice(-1_000_000);
    });
    await poll('the cluster answers', 90_000, async () => {
      if (child.exitCode !== null) throw new NoUse(`teleport ended at start:\n${this.#log.slice(-4000)}`);
      await this.#find();
      await this.tctl(['status']);
    });
  }

  async #find(): Promise<void> {
    const [host, port] = this.proxyAddress.split(':');
    const send = this.#noTls ? requestPlain : request;
    await new Promise<void>((resolve, reject) => {
      const call = send({ host, port, path: '/webapi/find', ca: this.webCaPem, timeout: 5000 }, (answer) => {
        answer.resume();
        if (answer.statusCode === 200) resolve();
        else reject(new Error(`/webapi/find answers ${answer.statusCode}`));
      });
      call.on('error', reject).on('timeout', () => call.destroy(new Error('no answer')));
      call.end();
    });
  }

  async #listed(kind: string, names: readonly string[] = []): Promise<void> {
    if (names.length === 0) return;
    await poll(`${kind} is listed`, 60_000, async () => {
      const listed = await this.tctl(['get', kind, '--format=json']);
      const missing = names.find((name) => !listed.includes(`"${name}"`));
      if (missing !== undefined) throw new Error(`${missing} is not listed`);
    });
  }

  async #end(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    const hard = setTimeout(() => child.kill('SIGKILL'), 15_000);
    await ended;
    clearTimeout(hard);
  }
}

/** What `tctl get remote_cluster` prints, as far as it is looked at. */
interface RemoteCluster {
  readonly metadata: { readonly name: string };
  readonly status: { readonly connection: string };
}
