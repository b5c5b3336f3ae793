import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseIdentityFile } from '@teleport-ts/api-types';
import {
  type Finished,
  RealTeleport,
  RunningProgram,
  runProgram,
  teleportBinDir,
} from '@teleport-ts/dev-cluster/testing';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { TBOT } from '../../test-support/journey.ts';

const hasSsh = (await runProgram('ssh', ['-V'])).code === 0;
if (!hasSsh) console.log('tests with OpenSSH are skipped: it is not installed');

/** OpenSSH through a real proxy to a real node, carried by the built command. */
describe.skipIf(!teleportBinDir() || !hasSsh).each(['multiplex', 'separate'] as const)('with a %s proxy', (mode) => {
  let teleport: RealTeleport;
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ssh-proxy-'));
    teleport = await RealTeleport.start({ listenerMode: mode, nodeLabels: { env: 'demo' } });
    await teleport.createRole('deployer', { allow: { node_labels: { '*': '*' }, logins: ['root'] } });
    await teleport.tctl(['users', 'add', 'alice', '--roles=deployer', '--logins=root']);
    const text = await readFile(await teleport.identityFile('alice'), 'utf8');
    const { privateKey, sshCertificate, sshAuthorities } = parseIdentityFile(text);
    await writeFile(join(folder, 'identity'), text, { mode: 0o600 });
    await writeFile(join(folder, 'key'), privateKey, { mode: 0o600 });
    await writeFile(join(folder, 'key-cert.pub'), `${sshCertificate}\n`);
    await writeFile(join(folder, 'known_hosts'), sshAuthorities.map((line) => `${line}\n`).join(''));
    await vi.waitFor(async () => expect(await ssh(routing(), ['true'])).toMatchObject({ code: 0 }), {
      timeout: 30_000,
      interval: 200,
    });
  });
  afterAll(async () => {
    await teleport?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  /** The flags that tbot's own ssh_config has for this proxy. */
  const routing = (): string[] =>
    mode === 'multiplex'
      ? [`--proxy-server=${teleport.proxyAddress}`, '--tls-routing', '--no-connection-upgrade']
      : [`--proxy-server=${teleport.sshProxyAddress}`, '--no-tls-routing', '--no-connection-upgrade'];

  function ssh(
    flags: readonly string[],
    command: readonly string[],
    { host = 'real', stdin }: { readonly host?: string; readonly stdin?: string } = {},
  ): Promise<Finished> {
    const proxyCommand = [
      `'${process.execPath}' '${TBOT}' ssh-proxy-command --destination-dir='${folder}' --cluster=root.test`,
      ...flags,
      '--resume --user=%r --host=%h --port=%p',
    ];
    return sshBy(proxyCommand.join(' '), command, { host, ...(stdin !== undefined && { stdin }) });
  }

  function sshBy(
    proxyCommand: string,
    command: readonly string[],
    { host = 'real', stdin }: { readonly host?: string; readonly stdin?: string } = {},
  ): Promise<Finished> {
    return runProgram(
      'ssh',
      [
        ...['-F', 'none', '-p', String(teleport.ports.node), '-o', `ProxyCommand=${proxyCommand}`],
        ...['-o', `UserKnownHostsFile=${folder}/known_hosts`, '-o', 'StrictHostKeyChecking=yes'],
        ...['-o', 'HostKeyAlias=real.root.test'],
        ...['-o', `IdentityFile=${folder}/key`, '-o', `CertificateFile=${folder}/key-cert.pub`],
        ...['-o', 'IdentitiesOnly=yes', '-o', 'BatchMode=yes'],
        `root@${host}.root.test`,
        ...command,
      ],
      { env: { NODE_EXTRA_CA_CERTS: teleport.webCaPath }, ...(stdin !== undefined && { input: stdin }) },
    );
  }

  test('a command runs there, and its output and exit code come back', async () => {
    expect(await ssh(routing(), ['echo', 'hello; exit 7'])).toMatchObject({
      stdout: expect.stringMatching(/^hello\n/),
      code: 7,
    });
  });

  test('much goes both ways to its last byte', async () => {
    const text = 'x'.repeat(5_000_000);
    const { stdout, code } = await ssh(routing(), ['cat'], { stdin: text });
    expect({ code, whole: stdout === text }).toEqual({ code: 0, whole: true });
  });

  test('through an upgrade, and by what the proxy says of itself', async () => {
    const web = `--proxy-server=${teleport.proxyAddress}`;
    for (const flags of [[web], [web, '--tls-routing', '--connection-upgrade']]) {
      expect(await ssh(flags, ['echo', 'hello'])).toMatchObject({ stdout: 'hello\n', code: 0 });
    }
  });

  test('with an agent: its ssh_config for one command, and a connection that asks it', async () => {
    const socket = join(folder, 'agent.sock');
    const config = join(folder, 'tbot.yaml');
    await writeFile(
      config,
      `proxy_server: ${teleport.proxyAddress}\nstore: {type: memory}\nsockets: [{path: ${socket}, roles: [deployer]}]\n`,
    );
    const token = await teleport.createBot('ci', ['deployer']);
    const env = { NODE_EXTRA_CA_CERTS: teleport.webCaPath };
    const run = (...args: string[]): Promise<Finished> => runProgram(process.execPath, [TBOT, ...args], { env });
    const start = [TBOT, 'start', '-c', config, '--token', token, '--join-method', 'token'];
    await using agent = new RunningProgram(process.execPath, start, { env });
    const waited = await run('wait', '--socket', socket);
    expect(waited, agent.output).toMatchObject({ code: 0 });

    const login = `ssh -p ${teleport.ports.node} -o BatchMode=yes -F "$TBOT_SSH_CONFIG_FILE" root@real.root.test`;
    const script = `${login} 'echo hello; exit 3'`;
    const logged = await run('generate', '--socket', socket, 'identity', '--exec', 'sh', '-c', script);
    expect(logged).toMatchObject({ code: 3, stdout: expect.stringMatching(/^hello\n/) });

    const asking = `'${process.execPath}' '${TBOT}' ssh-proxy-command --socket '${socket}' --host %h --port %p`;
    expect(await sshBy(asking, ['echo', 'hello'])).toMatchObject({ code: 0, stdout: 'hello\n' });
  });

  test('proxy templates find the node by what it is', async () => {
    const templates = join(folder, 'tsh.yaml');
    await writeFile(
      templates,
      `proxy_templates:
- {template: '^by-label\\.root\\.test:', search: 'demo'}
- {template: '^by-query\\.(.*):', query: 'labels["env"] == "demo"', cluster: $1}
- {template: '^renamed\\.', host: real}
- {template: '^nobody\\.', search: 'nosuch'}
`,
    );
    for (const host of ['by-label', 'by-query', 'renamed']) {
      // The search leads to whatever port the node has, the name alone to the one that is said.
      const made = await ssh([...routing(), `--proxy-templates=${templates}`], ['echo', host], { host });
      expect(made).toMatchObject({ stdout: `${host}\n`, code: 0 });
    }
    const { stderr } = await ssh([...routing(), `--proxy-templates=${templates}`], ['true'], { host: 'nobody' });
    expect(stderr).toContain('error: no node of cluster root.test fits "nosuch"\nhint: ');
  });

  test('a node that there is not is told', async () => {
    const { stderr, code } = await ssh(routing(), ['true'], { host: 'nosuch' });
    expect(code).toBe(255);
    expect(stderr).toContain('error: there is no node "nosuch" in cluster root.test\nhint: ');
  });
});
