import { X509Certificate } from 'node:crypto';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseIdentityFile, parseTlsIdentity } from '@teleport-ts/api-types';
import {
  RealTeleport,
  RunningProgram,
  runProgram,
  TemporaryDirectory,
  teleportBinDir,
} from '@teleport-ts/dev-cluster/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { TBOT, tbot } from '../../test-support/journey.ts';

// What we write beside what Go's tbot writes, for the same bot on the same cluster with a leaf.

const EVERYTHING = { '*': '*' };
const DATABASE = { username: 'reader', database: 'main' };

/** Each output as tbot's configuration has it, and as our command line has it. */
const OUTPUTS: readonly { name: string; service: Record<string, unknown>; line: string }[] = [
  { name: 'identity', service: { type: 'identity' }, line: 'identity' },
  {
    name: 'identity-leaf',
    service: { type: 'identity', cluster: 'leaf.test', roles: ['deployer'] },
    line: 'ssh --cluster leaf.test --roles deployer',
  },
  { name: 'identity-off', service: { type: 'identity', ssh_config: 'off' }, line: 'id --ssh-config off' },
  {
    name: 'application',
    service: { type: 'application', app_name: 'foo', specific_tls_naming: true },
    line: 'app --app foo --specific-tls-naming',
  },
  ...['', 'tls', 'mongo', 'cockroach'].map((format) => ({
    name: `database-${format}`,
    service: { type: 'database', service: 'pg', ...DATABASE, ...(format ? { format } : {}) },
    line: `db --service pg --username reader --database main${format ? ` --format ${format}` : ''}`,
  })),
  {
    name: 'kubernetes',
    service: { type: 'kubernetes', kubernetes_cluster: 'k1' },
    line: 'k8s --kubernetes-cluster k1',
  },
  {
    name: 'kubernetes-inline',
    service: { type: 'kubernetes', kubernetes_cluster: 'k1', disable_exec_plugin: true },
    line: 'k8s --kubernetes-cluster k1 --disable-exec-plugin',
  },
];

/** File names to contents, with what must differ between two credentials taken out. */
type Shape = Readonly<Record<string, unknown>>;

async function shapeOf(directory: string): Promise<Shape> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  const shapes = files.map(async (path): Promise<[string, unknown]> => {
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    return [path.slice(directory.length + 1), shapeOfFile(path, await readFile(path, 'utf8'), directory)];
  });
  return Object.fromEntries((await Promise.all(shapes)).sort());
}

function shapeOfFile(path: string, text: string, directory: string): unknown {
  const name = path.slice(directory.length + 1);
  if (name === 'identity') {
    const { sshCertificate, tlsCertificate, privateKey, ...trust } = parseIdentityFile(text);
    return {
      ...trust,
      ssh: sshCertificate?.split(' ')[0],
      tls: certificateShape(tlsCertificate),
      key: label(privateKey),
    };
  }
  if (name === 'kubeconfig.yaml') return kubeconfigShape(text);
  if (name.includes('ssh_config')) {
    return text.replaceAll(directory, 'DIRECTORY').replaceAll(/ProxyCommand '[^']+'/g, "ProxyCommand 'tbot'");
  }
  if (/^(tlscert|tls\.crt|cockroach\/node\.crt)$/.test(name)) return certificateShape(text);
  if (name === 'mongo.crt')
    return [certificateShape(text), label(text.slice(text.indexOf('-----END CERTIFICATE-----') + 26))];
  if (/key$/.test(name)) return label(text);
  // Of a public key and an SSH certificate the type; whom to trust, known_hosts and what is empty to the letter.
  return /\.pub$/.test(name) ? text.split(' ')[0] : text;
}

const label = (pem: string): string | undefined => /^-----BEGIN ([A-Z ]+)-----/.exec(pem)?.[1];

function certificateShape(pem: string): unknown {
  const { notBefore, notAfter, serial, app, botInstanceId, ...identity } = parseTlsIdentity(pem);
  const { publicKey } = new X509Certificate(pem);
  return {
    ...identity,
    roles: [...identity.roles].sort(),
    logins: identity.logins.filter((login) => !login.startsWith('-teleport-')),
    lifetimeMs: Math.round((notAfter.getTime() - notBefore.getTime()) / 10_000),
    isOfInstance: Boolean(serial && botInstanceId),
    ...(app ? { app: { ...app, sessionId: '' } } : {}),
    key: [publicKey.asymmetricKeyType, publicKey.asymmetricKeyDetails],
  };
}

function kubeconfigShape(text: string): unknown {
  const config = parse(text);
  const [{ user }] = config.users;
  if (user.exec) user.exec = { ...user.exec, command: 'tbot', args: user.exec.args.slice(0, 2) };
  else {
    user['client-certificate-data'] = certificateShape(decoded(user['client-certificate-data']));
    user['client-key-data'] = label(decoded(user['client-key-data']));
  }
  return config;
}

const decoded = (base64: string): string => Buffer.from(base64, 'base64').toString();

describe.skipIf(!teleportBinDir()).each([
  { mode: 'multiplex' as const, outputs: OUTPUTS },
  { mode: 'separate' as const, outputs: OUTPUTS.filter(({ name }) => /^(identity|kubernetes)$/.test(name)) },
])("our files beside those of Go's tbot, listeners $mode", ({ mode, outputs }) => {
  let folder: TemporaryDirectory;
  let root: RealTeleport;
  let leaf: RealTeleport | undefined;
  let agent: RunningProgram;
  let socket: string;
  let theirs: string;

  beforeAll(async () => {
    folder = await TemporaryDirectory.create();
    root = await RealTeleport.start({
      listenerMode: mode,
      applications: [{ name: 'foo', uri: 'http://127.0.0.1:1' }],
      databases: [{ name: 'pg', protocol: 'postgres', uri: '127.0.0.1:1' }],
      kubernetesClusters: ['k1'],
    });
    await root.createRole('deployer', {
      allow: {
        ...{ app_labels: EVERYTHING, db_labels: EVERYTHING, db_users: ['reader'], db_names: ['main'] },
        ...{ kubernetes_labels: EVERYTHING, kubernetes_groups: ['viewers'], logins: ['root'], node_labels: EVERYTHING },
      },
    });
    if (mode === 'multiplex') leaf = await RealTeleport.startLeaf(root);
    await root.createBot('ci', ['deployer']);
    theirs = folder.join('theirs');
    await mkdir(theirs);
    await runTbot();
    socket = folder.join('agent.sock');
    const config = folder.join('agent.yaml');
    await writeFile(
      config,
      `proxy_server: ${root.proxyAddress}\nstore: {type: memory}\nsockets: [{path: ${socket}}]\n`,
    );
    const token = await root.createBotToken('ci', 'our-token');
    agent = new RunningProgram(
      process.execPath,
      [TBOT, 'start', '-c', config, '--token', token, '--join-method', 'token'],
      { env: { NODE_EXTRA_CA_CERTS: root.webCaPath } },
    );
    await agent.printed(/\bready\b/);
  });
  afterAll(async () => {
    await agent?.[Symbol.asyncDispose]();
    await leaf?.stop();
    await root?.stop();
    await folder?.[Symbol.asyncDispose]();
  });

  async function runTbot(): Promise<void> {
    const config = {
      version: 'v2',
      proxy_server: root.proxyAddress,
      onboarding: { join_method: 'token', token: await root.createBotToken('ci', 'their-token') },
      storage: { type: 'memory' },
      oneshot: true,
      services: outputs.map(({ name, service }) => ({
        ...service,
        destination: { type: 'directory', path: join(theirs, name) },
      })),
    };
    const path = folder.join('tbot.yaml');
    await writeFile(path, stringify(config));
    const finished = await runProgram(join(teleportBinDir()!, 'tbot'), ['start', '-c', path], {
      env: { SSL_CERT_FILE: root.webCaPath },
    });
    expect(finished).toMatchObject({ code: 0 });
  }

  test.each([...outputs])('$name', async ({ name, line }) => {
    const out = folder.join(name);
    const finished = await tbot(['generate', '--socket', socket, ...line.split(' '), '--out', out], {
      env: { NODE_EXTRA_CA_CERTS: root.webCaPath },
    });
    expect(finished).toMatchObject({ code: 0, stderr: '' });
    const expected = await shapeOf(join(theirs, name));
    const ours = await shapeOf(out);
    // The one file that we fill and it does not.
    const filled = name === 'database-cockroach' ? { 'cockroach/ca.crt': ours['teleport-database-ca.crt'] } : {};
    expect(ours).toEqual({ ...expected, ...filled });
  });

  test('each answers kubectl from the directory of the other, in the same words', async () => {
    const out = folder.join('kubernetes-both');
    const made = await tbot(['generate', '--socket', socket, 'k8s', '--kubernetes-cluster', 'k1', '--out', out], {
      env: { NODE_EXTRA_CA_CERTS: root.webCaPath },
    });
    expect(made).toMatchObject({ code: 0 });
    for (const directory of [out, join(theirs, 'kubernetes')]) {
      const line = ['kube', 'credentials', `--destination-dir=${directory}`];
      const [ours, go] = await Promise.all([tbot(line), runProgram(join(teleportBinDir()!, 'tbot'), line)]);
      expect([ours.code, go.code]).toEqual([0, 0]);
      expect(JSON.parse(ours.stdout)).toEqual(JSON.parse(go.stdout));
    }
  });
});
