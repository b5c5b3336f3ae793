import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { userInfo } from 'node:os';
import { openSshPrivateKey, sshPublicKeyLine } from '@teleport-ts/api-types';
import { freePorts } from './free-ports.ts';
import { installedProgram } from './installed-program.ts';
import { NoUse, poll } from './poll.ts';
import { RunningProgram } from './program.ts';
import { TemporaryDirectory } from './temporary-directory.ts';

export interface SshServerOptions {
  /** Authorities of users, lines of authorized_keys: whoever has a certificate of theirs for his login is let in. */
  readonly userCas: readonly string[];
  /** Certifies the server's host key, given as a line of authorized_keys. Without it clients see the bare key. */
  readonly certify?: (publicKey: string) => string;
}

/** Where sshd puts those who are not logged in yet; the Debian service makes it, and so does who starts it without. */
const PRIVILEGE_SEPARATION = '/run/sshd';

/**
 * OpenSSH's sshd on loopback, in the name of whoever runs the test, who is also the only one that may log in. It lets in
 * by certificate and by nothing else.
 *
 * ```ts
 * await using server = await SshServer.start({ userCas: userAuthorities(cluster).sshPublicKeys });
 * await runProgram('ssh', ['-p', String(server.port), `${server.login}@127.0.0.1`, 'true']);
 * ```
 */
export class SshServer implements AsyncDisposable {
  readonly port: number;
  /** The account that may log in. */
  readonly login: string;
  /** The host key, a line of authorized_keys. */
  readonly hostKey: string;
  readonly #folder: TemporaryDirectory;
  readonly #program: RunningProgram;

  private constructor(port: number, hostKey: string, folder: TemporaryDirectory, program: RunningProgram) {
    this.port = port;
    this.login = userInfo().username;
    this.hostKey = hostKey;
    this.#folder = folder;
    this.#program = program;
  }

  /** @throws Error when none is installed, or it ends at start */
  static async start({ userCas, certify }: SshServerOptions): Promise<SshServer> {
    const sshd = installedProgram('sshd');
    if (!sshd) throw new Error('sshd is not installed (Debian: openssh-server)');
    if (process.getuid?.() === 0) mkdirSync(PRIVILEGE_SEPARATION, { recursive: true, mode: 0o755 });
    const folder = await TemporaryDirectory.create();
    const { privateKey } = generateKeyPairSync('ed25519');
    const hostKey = sshPublicKeyLine(privateKey);
    const write = async (name: string, text: string): Promise<string> => {
      await writeFile(folder.join(name), text, { mode: 0o600 });
      return folder.join(name);
    };
    const [port] = (await freePorts(1)) as [number];
    const config = await write(
      'sshd_config',
      lines(
        `ListenAddress 127.0.0.1:${port}`,
        `HostKey ${await write('host-key', openSshPrivateKey(privateKey))}`,
        ...(certify ? [`HostCertificate ${await write('host-key-cert.pub', lines(certify(hostKey)))}`] : []),
        `TrustedUserCAKeys ${await write('user-ca.pub', lines(...userCas.map((line) => line.trim())))}`,
        ...['AuthorizedKeysFile none', 'PasswordAuthentication no', 'KbdInteractiveAuthentication no', 'UsePAM no'],
        ...['PermitRootLogin prohibit-password', 'StrictModes no', 'PidFile none', 'LogLevel VERBOSE'],
      ),
    );
    const program = new RunningProgram(sshd, ['-D', '-e', '-f', config]);
    const server = new SshServer(port, hostKey, folder, program);
    try {
      await poll('sshd answers', 10_000, async () => {
        if (!program.running) throw new NoUse(`sshd ended at start:\n${program.output}`);
        await reach(port);
      });
      return server;
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** What it has told about those who came. */
  get log(): string {
    return this.#program.output;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#program[Symbol.asyncDispose]();
    await this.#folder[Symbol.asyncDispose]();
  }
}

const lines = (...each: string[]): string => each.map((line) => `${line}\n`).join('');

function reach(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve();
    });
    socket.once('error', reject);
  });
}
