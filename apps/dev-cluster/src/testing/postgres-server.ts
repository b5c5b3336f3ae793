import { execFileSync } from 'node:child_process';
import { chownSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { TELEPORT_OID } from '@teleport-ts/api-types';
import type { ServerCredentials } from '../pki/web-certificate.ts';
import { freePorts } from './free-ports.ts';
import { installedProgram } from './installed-program.ts';
import { RunningProgram } from './program.ts';
import { TemporaryDirectory } from './temporary-directory.ts';

export interface PostgresServerOptions {
  /** What it shows to clients. */
  readonly server: ServerCredentials;
  /** Authorities of those who may log in, PEM. */
  readonly clientCas: readonly string[];
  /** Accounts that there are, and for each the common names of certificates that log in as it; its own always does. */
  readonly accounts: Readonly<Record<string, readonly string[]>>;
  /** Databases that there are besides `postgres`. */
  readonly databases?: readonly string[];
  /** Default: any that is free. */
  readonly port?: number;
}

/**
 * PostgreSQL on loopback, in the name of a user without privileges, as it insists. It speaks TLS only and lets in by
 * client certificate and by nothing else.
 *
 * ```ts
 * await using postgres = await PostgresServer.start({ server, clientCas, accounts: { reader: ['bot-ci'] } });
 * await runProgram('psql', [`host=localhost port=${postgres.port} user=reader dbname=postgres sslcert=…`]);
 * ```
 */
export class PostgresServer implements AsyncDisposable {
  readonly port: number;
  readonly #folder: TemporaryDirectory;
  readonly #program: RunningProgram;

  private constructor(port: number, folder: TemporaryDirectory, program: RunningProgram) {
    this.port = port;
    this.#folder = folder;
    this.#program = program;
  }

  /** @throws Error when none is installed, or it ends at start */
  static async start(options: PostgresServerOptions): Promise<PostgresServer> {
    const [initdb, program] = [installedProgram('initdb'), installedProgram('postgres')];
    if (!initdb || !program) throw new Error('PostgreSQL is not installed (Debian: postgresql)');
    const { accounts, databases = [] } = options;
    const folder = await TemporaryDirectory.create();
    const user = unprivileged();
    const own = (path: string): string => {
      if (user) chownSync(path, user.uid, user.gid);
      return path;
    };
    const write = async (name: string, text: string): Promise<string> => {
      await writeFile(folder.join(name), text, { mode: 0o600 });
      return own(folder.join(name));
    };
    own(folder.path);
    const data = folder.join('data');
    const run = { cwd: folder.path, env: { PATH: process.env.PATH, LC_ALL: 'C' }, ...user };
    try {
      const how = ['--no-sync', '--no-instructions', '--locale=C', '--encoding=UTF8', '--auth=trust', '-U', 'postgres'];
      execFileSync(initdb, ['-D', data, ...how], { ...run, stdio: 'pipe' });
      const statements = [
        ...Object.keys(accounts).map((name) => `CREATE ROLE "${name}" LOGIN;`),
        ...databases.map((name) => `CREATE DATABASE "${name}";`),
      ];
      execFileSync(program, ['--single', '-F', '-D', data, 'postgres'], {
        ...{ ...run, stdio: 'pipe' },
        input: statements.map((statement) => `${statement}\n`).join(''),
      });
      const [port] = options.port === undefined ? ((await freePorts(1)) as [number]) : [options.port];
      const settings = {
        ...{ port: String(port), listen_addresses: '127.0.0.1', unix_socket_directories: '', fsync: 'off' },
        hba_file: await write('hba.conf', 'hostssl all all 127.0.0.1/32 cert map=certificates\n'),
        ident_file: await write('ident.conf', identMap(accounts)),
        ...{ ssl: 'on', ssl_cert_file: await write('server.crt', options.server.cert) },
        ssl_key_file: await write('server.key', options.server.key),
        ssl_ca_file: await write('client-ca.crt', options.clientCas.join('')),
        log_connections: 'on',
      };
      const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
      const openssl = { OPENSSL_CONF: await write('openssl.cnf', TELEPORT_NAMES) };
      const running = new RunningProgram(program, ['-D', data, ...flags], { ...run, env: { ...run.env, ...openssl } });
      const server = new PostgresServer(port, folder, running);
      try {
        await running.printed('ready to accept connections');
        return server;
      } catch (error) {
        await running[Symbol.asyncDispose]();
        throw error;
      }
    } catch (error) {
      await folder[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** What it has told about those who came. */
  get log(): string {
    return this.#program.output;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // SIGINT ends sessions too; SIGTERM would wait for them.
    this.#program.kill('SIGINT');
    await this.#program[Symbol.asyncDispose]();
    await this.#folder[Symbol.asyncDispose]();
  }
}

/**
 * PostgreSQL refuses a client whose subject has attributes that OpenSSL knows no name of ("could not get NID for
 * ASN1_OBJECT object"), and Teleport's certificates have many: this configuration of OpenSSL names them.
 */
const TELEPORT_NAMES = [
  ...['openssl_conf = init', '[init]', 'oid_section = names', '[names]'],
  ...Object.entries(TELEPORT_OID)
    .filter(([, oid]) => oid.startsWith('1.3.9999.'))
    .map(([name, oid]) => `teleport_${name} = ${oid}`),
]
  .map((line) => `${line}\n`)
  .join('');

function identMap(accounts: PostgresServerOptions['accounts']): string {
  const entries = Object.entries(accounts).flatMap(([account, names]) =>
    [account, ...names].map((name) => `certificates "${name}" "${account}"\n`),
  );
  return entries.join('');
}

/** PostgreSQL does not run as root: there it is `postgres`, which comes with it, or else nobody. */
function unprivileged(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const idOf = (flag: string, user: string): number => Number(execFileSync('id', [flag, user], { stdio: 'pipe' }));
  for (const user of ['postgres', 'nobody']) {
    try {
      return { uid: idOf('-u', user), gid: idOf('-g', user) };
    } catch {
      // There is no such user.
    }
  }
  throw new Error('there is no user without privileges to run PostgreSQL as');
}
