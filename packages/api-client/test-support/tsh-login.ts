import { execFile, spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:http2';
import { request } from 'node:https';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import { type RealTeleport, teleportBinDir } from '@teleport-ts/dev-cluster/testing';

const exec = promisify(execFile);
const STEP_MS = 30_000;
const PASSWORD = 'correct horse battery staple';

/** A user of a real cluster who can log in, with a password and codes. */
export interface TshUser {
  readonly name: string;
  /** The secret of the codes. */
  readonly secret: Buffer;
  /** The time steps of 30 seconds whose codes were used: each is good once. */
  lastStep: number;
}

/** Creates a user and enrols it as a browser would: with the invitation that `tctl` prints. */
export async function enrolUser(teleport: RealTeleport, name: string, roles: readonly string[]): Promise<TshUser> {
  const args = ['users', 'add', name, `--roles=${roles.join(',')}`, '--logins=root', '--format=json'];
  const { metadata } = JSON.parse(await teleport.tctl(args)) as { metadata: { name: string } };
  const user: TshUser = { name, secret: await registerCodes(teleport, metadata.name), lastStep: 0 };
  const body = JSON.stringify({
    token: metadata.name,
    password: Buffer.from(PASSWORD).toString('base64'),
    second_factor_token: await nextCode(user),
    deviceName: 'otp',
  });
  const [host, port] = teleport.proxyAddress.split(':');
  const path = '/v1/webapi/users/password/token';
  const headers = { 'content-type': 'application/json' };
  const call = request({ host, port, method: 'PUT', path, headers, ca: teleport.webCaPem });
  call.end(body);
  const [answer] = await once(call, 'response');
  answer.resume();
  if (answer.statusCode !== 200) throw new Error(`the password was refused: ${answer.statusCode}`);
  return user;
}

/** Runs `tsh login` as this user, with `home` as its folder. It wants a terminal, which `script` gives it. */
export async function tshLogin(teleport: RealTeleport, user: TshUser, home: string, flags = ''): Promise<void> {
  const tsh = join(teleportBinDir() ?? '', 'tsh');
  const command = `${tsh} login --proxy=${teleport.proxyAddress} --user=${user.name} --mfa-mode=otp ${flags}`;
  const child = spawn('script', ['-qec', command, '/dev/null'], { env: tshEnvironment(teleport, home) });
  const questions: [RegExp, () => string | Promise<string>][] = [
    [/password/i, () => PASSWORD],
    [/otp/i, () => nextCode(user)],
  ];
  let shown = '';
  let unread = '';
  child.stdout.on('data', (chunk: Buffer) => {
    shown += chunk;
    unread += chunk;
    const [question] = questions;
    if (!question?.[0].test(unread)) return;
    unread = '';
    questions.shift();
    void (async () => child.stdin.write(`${await question[1]()}\r`))();
  });
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`tsh login ended with ${code}: ${shown}`);
}

/** Runs `tsh` with `home` as its folder, and gives what it prints. */
export async function tsh(teleport: RealTeleport, home: string, args: readonly string[]): Promise<string> {
  const { stdout } = await exec(join(teleportBinDir() ?? '', 'tsh'), [...args], {
    env: tshEnvironment(teleport, home),
  });
  return stdout;
}

function tshEnvironment(teleport: RealTeleport, home: string): NodeJS.ProcessEnv {
  return { ...process.env, SSL_CERT_FILE: teleport.webCaPath, TELEPORT_HOME: home };
}

/** The code of the next time step that was not used yet. The cluster takes those of the step before and after as well. */
async function nextCode(user: TshUser): Promise<string> {
  user.lastStep = Math.max(user.lastStep + 1, Math.floor(Date.now() / STEP_MS));
  const takenFrom = (user.lastStep - 1) * STEP_MS;
  if (Date.now() < takenFrom) await setTimeout(takenFrom - Date.now());
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(user.lastStep));
  const mac = createHmac('sha1', user.secret).update(counter).digest();
  const at = (mac.at(-1) as number) & 15;
  return String((mac.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

/** `CreateRegisterChallenge`: a method that the client has no need of; the invitation is its authorisation. */
async function registerCodes(teleport: RealTeleport, token: string): Promise<Buffer> {
  const message = Buffer.concat([Buffer.of(0x0a, token.length), Buffer.from(token), Buffer.of(0x10, 1, 0x18, 1)]);
  const frame = Buffer.concat([Buffer.alloc(5), message]);
  frame.writeUInt32BE(message.length, 1);
  const session = connect(`https://${teleport.authAddress}`, { rejectUnauthorized: false });
  try {
    const call = session.request({
      ':method': 'POST',
      ':path': '/proto.AuthService/CreateRegisterChallenge',
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    call.end(frame);
    const answer = await call.toArray();
    // {2 TOTP: {1 Secret}}: the only text of that alphabet and length in it.
    const secret = /[A-Z2-7]{16,}/.exec(Buffer.concat(answer).toString('latin1'))?.[0];
    if (!secret) throw new Error('the cluster gave no secret for codes');
    return base32(secret);
  } finally {
    session.close();
  }
}

function base32(text: string): Buffer {
  const bits = [...text].map((char) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(char).toString(2).padStart(5, '0'));
  const bytes = bits.join('').match(/.{8}/g) ?? [];
  return Buffer.from(bytes.map((byte) => Number.parseInt(byte, 2)));
}
