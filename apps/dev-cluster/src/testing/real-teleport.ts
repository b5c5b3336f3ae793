import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { appendFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const exec = promisify(execFile);

/** An application that the real cluster's application service serves. */
export interface RealApplication {
  readonly name: string;
  /** Where it listens, e.g. `http://127.0.0.1:9000`. */
  readonly uri: string;
  readonly labels?: Readonly<Record<string, string>>;
}

/** A database that the real cluster's database service serves. */
export interface RealDatabase {
  readonly name: string;
  /** As in database resources: `postgres`, `mysql`, … */
  readonly protocol: string;
  /** `host:port`; nothing needs to listen there. */
  readonly uri: string;
  readonly labels?: Readonly<Record<string, string>>;
}

export interface RealTeleportOptions {
  /** Folder with `teleport` and `tctl` of Teleport 18. Default: TELEPORT_BIN_DIR. */
  readonly binDir?: string;
  /** Name of the cluster. Default `root.test`. */
  readonly name?: string;
  /** Whether all protocols share the web port. Default `multiplex`. */
  readonly listenerMode?: 'multiplex' | 'separate';
  readonly applications?: readonly RealApplication[];
  readonly databases?: readonly RealDatabase[];
  /** Names of Kubernetes clusters; no API server stands behind them. */
  readonly kubernetesClusters?: readonly string[];
  /** Labels of the SSH node; without them there is none. */
  readonly nodeLabels?: Readonly<Record<string, string>>;
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
  /** `127.0.0.1:port` of the auth service. */
  readonly authAddress: string;
  /** `localhost:port` of the proxy's web address. */
  readonly proxyAddress: string;
  /** CA of the proxy's web certificate, PEM. */
  readonly webCaPem: string;
  readonly webCaPath: string;
  readonly #binDir: string;
  readonly #folder: string;
  #process: ChildProcess | undefined;
  #log = '';

  private constructor(
    folder: string,
    binDir: string,
    name: string,
    ports: { auth: number; web: number },
    webCa: string,
  ) {
    this.#folder = folder;
    this.#binDir = binDir;
    this.name = name;
    this.authAddress = `127.0.0.1:${ports.auth}`;
    this.proxyAddress = `localhost:${ports.web}`;
    this.webCaPem = webCa;
    this.webCaPath = join(folder, 'webca.pem');
  }

  static async start(options: RealTeleportOptions = {}): Promise<RealTeleport> {
    const binDir = options.binDir ?? teleportBinDir();
    if (!binDir) throw new Error('TELEPORT_BIN_DIR does not name a folder with the binaries of Teleport 18');
    await denyMetadataAddress();
    const folder = await mkdtemp(join(tmpdir(), 'real-teleport-'));
    const [auth, web, ssh, tunnel, kube, node, kubeService] = await freePorts(7);
    const ports = { auth: auth as number, web: web as number };
    const name = options.name ?? 'root.test';
    const mode = options.listenerMode ?? 'multiplex';
    const webCa = await makeWebCertificate(folder);
    // Go programs take their web authorities from one file, and read it when they start.
    for (const pem of options.trustedWebCas ?? []) await appendFile(join(folder, 'webca.pem'), pem);
    await mkdir(join(folder, 'data'), { mode: 0o700 });
    const separate =
      mode === 'separate'
        ? {
            listen_addr: `127.0.0.1:${ssh}`,
            tunnel_listen_addr: `127.0.0.1:${tunnel}`,
            kube_listen_addr: `127.0.0.1:${kube}`,
            ssh_public_addr: [`localhost:${ssh}`],
            tunnel_public_addr: [`localhost:${tunnel}`],
            kube_public_addr: [`localhost:${kube}`],
          }
        : {};
    // JSON is YAML: no writer is needed.
    const config = {
      version: 'v3',
      teleport: {
        nodename: 'real',
        data_dir: join(folder, 'data'),
        log: { output: 'stderr', severity: 'INFO' },
      },
      auth_service: {
        enabled: true,
        listen_addr: `127.0.0.1:${ports.auth}`,
        cluster_name: name,
        proxy_listener_mode: mode,
        authentication: { type: 'local', second_factors: ['otp'] },
      },
      proxy_service: {
        enabled: true,
        web_listen_addr: `127.0.0.1:${ports.web}`,
        public_addr: [`localhost:${ports.web}`],
        https_keypairs: [{ key_file: join(folder, 'web.key'), cert_file: join(folder, 'web.pem') }],
        ...separate,
      },
      ssh_service: options.nodeLabels
        ? { enabled: true, listen_addr: `127.0.0.1:${node}`, labels: options.nodeLabels }
        : { enabled: false },
      db_service: options.databases?.length
        ? {
            enabled: true,
            databases: options.databases.map(({ labels, ...database }) => ({
              ...database,
              static_labels: labels ?? {},
            })),
          }
        : { enabled: false },
      kubernetes_service: options.kubernetesClusters?.length
        ? {
            enabled: true,
            listen_addr: `127.0.0.1:${kubeService}`,
            kubeconfig_file: await writeKubeconfig(folder, options.kubernetesClusters),
          }
        : { enabled: false },
      app_service: options.applications?.length
        ? {
            enabled: true,
            apps: options.applications.map((app) => ({ name: app.name, uri: app.uri, labels: app.labels ?? {} })),
          }
        : { enabled: false },
    };
    await writeFile(join(folder, 'teleport.yaml'), JSON.stringify(config, null, 2));
    const teleport = new RealTeleport(folder, binDir, name, ports, webCa);
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
      await teleport.#listed('kube_server', options.kubernetesClusters);
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
          tunnel_addr: root.proxyAddress,
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

  /** Ends the process and starts it again on the same state and ports. */
  async restart(): Promise<void> {
    await this.#end();
    await this.#run();
  }

  async stop(): Promise<void> {
    await this.#end();
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
    const child = spawn(join(this.#binDir, 'teleport'), ['start', '-c', join(this.#folder, 'teleport.yaml')], {
      env: { ...process.env, SSL_CERT_FILE: this.webCaPath },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#process = child;
    child.stderr?.on('data', (chunk: Buffer) => {
      this.#log = (this.#log + chunk.toString()).slice(-1_000_000);
    });
    await poll('the cluster answers', 90_000, async () => {
      if (child.exitCode !== null) throw new Stop(`teleport ended at start:\n${this.#log.slice(-4000)}`);
      await this.#find();
      await this.tctl(['status']);
    });
  }

  async #find(): Promise<void> {
    const [host, port] = this.proxyAddress.split(':');
    await new Promise<void>((resolve, reject) => {
      const call = request({ host, port, path: '/webapi/find', ca: this.webCaPem, timeout: 5000 }, (answer) => {
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

class Stop extends Error {}

async function poll(what: string, limitMs: number, attempt: () => Promise<void>): Promise<void> {
  const end = Date.now() + limitMs;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (error instanceof Stop) throw error;
      if (Date.now() > end) throw new Error(`${what}: not after ${limitMs / 1000} s`, { cause: error });
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
  }
}

// At start Teleport asks the cloud's metadata address. Without a route it fails
// at once and nothing leaves the machine; where we may not set one it times out.
async function denyMetadataAddress(): Promise<void> {
  await exec('ip', ['route', 'add', 'unreachable', '169.254.169.254/32']).catch(() => undefined);
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<ReturnType<typeof createServer>>((resolve, reject) => {
          const server = createServer().once('error', reject);
          server.listen(0, '127.0.0.1', () => resolve(server));
        }),
    ),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

async function writeKubeconfig(folder: string, clusters: readonly string[]): Promise<string> {
  const path = join(folder, 'kubeconfig');
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': clusters[0],
    clusters: clusters.map((name) => ({ name, cluster: { server: 'https://127.0.0.1:9' } })),
    users: clusters.map((name) => ({ name, user: { token: 'none' } })),
    contexts: clusters.map((name) => ({ name, context: { cluster: name, user: name } })),
  };
  await writeFile(path, JSON.stringify(config));
  return path;
}

// The proxy wants a certificate for its web address; openssl makes one by a CA of its own.
async function makeWebCertificate(folder: string): Promise<string> {
  const file = (name: string): string => join(folder, name);
  const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  await exec('openssl', [
    ...['req', '-x509', ...ec, '-keyout', file('webca.key'), '-out', file('webca.pem')],
    ...['-days', '30', '-subj', '/CN=interop web CA', '-addext', 'basicConstraints=critical,CA:TRUE'],
  ]);
  await exec('openssl', ['req', ...ec, '-keyout', file('web.key'), '-out', file('web.csr'), '-subj', '/CN=localhost']);
  await writeFile(
    file('web.ext'),
    'subjectAltName=DNS:localhost,DNS:*.localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth\n',
  );
  await exec('openssl', [
    ...[
      'x509',
      '-req',
      '-in',
      file('web.csr'),
      '-CA',
      file('webca.pem'),
      '-CAkey',
      file('webca.key'),
      '-CAcreateserial',
    ],
    ...['-out', file('web.pem'), '-days', '30', '-extfile', file('web.ext')],
  ]);
  return readFile(file('webca.pem'), 'utf8');
}
