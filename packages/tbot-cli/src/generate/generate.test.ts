import { execFileSync } from 'node:child_process';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseTlsIdentity } from '@teleport-ts/api-types';
import { type Finished, runInProcess } from '@teleport-ts/dev-cluster/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { StandInAgent } from '../../test-support/stand-in-agent.ts';
import { runCommandLine } from '../command-line.ts';

const BASE = [
  '.write-test',
  'identity',
  'key',
  'key-cert.pub',
  'key.pub',
  'teleport-database-ca.crt',
  'teleport-host-ca.crt',
  'teleport-user-ca.crt',
  'tlscert',
];

let directory: string;
let socket: string;
let out: string;
let agent: StandInAgent;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tbot-kinds-'));
  socket = join(directory, 'socket');
  out = join(directory, 'out');
});
beforeEach(async () => {
  agent = await StandInAgent.listen(socket);
});
afterEach(async () => {
  await agent[Symbol.asyncDispose]();
  await rm(out, { recursive: true, force: true });
  await rm(socket, { force: true });
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const tbot = (line: string, env: Record<string, string | undefined> = {}): Promise<Finished> => {
  const words = line.split(' ').map((word) => word.replace('$S', socket).replace('$O', out));
  return runInProcess(runCommandLine, words, {
    env: { TBOT_SOCKET: undefined, KUBERNETES_EXEC_INFO: undefined, ...env },
  });
};

const filesIn = (path: string): string[] => readdirSync(path).sort();
const fileIn = (name: string): string => readFileSync(join(out, name), 'utf8');

describe('files of each kind', () => {
  test('database, whose files depend on the format', async () => {
    const finished = await tbot(
      'generate --socket $S db --service pg --username reader --database main --format cockroach --out $O --ttl 10m',
    );
    expect(finished).toMatchObject({ code: 0, stderr: '' });
    expect(finished.stdout).toMatch(
      /^Wrote 13 files to .*\n {2}database {5}pg \(postgres\) as reader database main, cluster bar\n {2}roles {8}role-a, role-b\n {2}expires {6}.*Z, in 10m0s\n$/,
    );
    expect(agent.requests[0]?.kind).toMatchObject({
      $case: 'database',
      value: { name: 'pg', username: 'reader', database: 'main' },
    });
    expect(filesIn(out)).toEqual([...BASE, 'cockroach'].sort());
    expect(fileIn('cockroach/node.key')).toBe(fileIn('key'));
    expect(fileIn('key')).toContain('BEGIN RSA PRIVATE KEY');
    expect(parseTlsIdentity(fileIn('tlscert')).database).toMatchObject({ service: 'pg', user: 'reader', name: 'main' });
  });

  test('identity, with what OpenSSH needs to reach nodes of the cluster', async () => {
    const finished = await tbot('generate --socket $S ssh --out $O --cluster leaf');
    expect(finished.code).toBe(0);
    expect(finished.stdout).toMatch(/^Wrote 13 files .*\n {2}identity {5}cluster leaf\n/);
    expect(agent.requests[0]).toMatchObject({ cluster: 'leaf', kind: { $case: 'identity' } });
    expect(filesIn(out)).toEqual([...BASE, 'bar.known_hosts', 'bar.ssh_config', 'known_hosts', 'ssh_config'].sort());
    // Nothing answers at the proxy's address: what it would say is assumed, and that is told.
    expect(finished.stderr).toMatch(/^note: everything of the proxy is assumed to be on 127\.0\.0\.1:1, .*\n$/);
    expect(fileIn('ssh_config')).toContain(`IdentityFile "${join(out, 'key')}"`);
    expect(fileIn('ssh_config')).toContain(
      `--destination-dir='${out}' --proxy-server='127.0.0.1:1' --cluster='bar' --tls-routing --no-connection-upgrade`,
    );
  });

  test('identity without a proxy, or without OpenSSH', async () => {
    expect(await tbot('generate --socket $S id --out $O --ssh-config off')).toMatchObject({ code: 0, stderr: '' });
    expect(filesIn(out)).toEqual(BASE);
    agent.proxyAddress = '';
    const finished = await tbot('generate --socket $S id --out $O');
    expect(finished).toMatchObject({
      code: 0,
      stderr: "note: the agent does not know the proxy's address: without it there are no files for OpenSSH\n",
    });
    expect(filesIn(out)).toEqual(BASE);
  });

  test('kubernetes, whose kubeconfig asks the same agent for the same thing', async () => {
    const line = 'generate --socket $S k8s --kubernetes-cluster k1 --out $O --cluster leaf --roles a,b --ttl 5m';
    expect((await tbot(line)).code).toBe(0);
    expect(filesIn(out)).toEqual([...BASE, 'kubeconfig.yaml'].sort());
    const config = parse(fileIn('kubeconfig.yaml'));
    expect(config['current-context']).toBe('leaf-k1');
    expect(config.clusters[0].cluster.server).toBe('https://127.0.0.1:1');
    const { args } = config.users[0].user.exec;
    expect(args.slice(2)).toEqual([
      `--socket=${socket}`,
      '--kubernetes-cluster=k1',
      '--cluster=leaf',
      '--roles=a,b',
      '--ttl=5m0s',
    ]);
    const answer = await tbot(args.join(' '));
    expect(answer).toMatchObject({ code: 0, stderr: '' });
    expect(agent.requests[1]).toEqual({
      ...agent.requests[0],
      tlsPublicKey: expect.anything(),
      sshPublicKey: expect.anything(),
    });
    const { status } = JSON.parse(answer.stdout);
    expect(parseTlsIdentity(status.clientCertificateData).kubernetesCluster).toBe('k1');
    const printed = await tbot('generate --socket $S k8s --kubernetes-cluster k1 --print exec-credential');
    expect(JSON.parse(printed.stdout)).toMatchObject({ kind: 'ExecCredential', spec: { interactive: false } });
  });

  test('kubernetes with everything in the kubeconfig', async () => {
    const line = 'generate --socket $S k8s --kubernetes-cluster k1 --out $O --disable-exec-plugin';
    expect((await tbot(line)).code).toBe(0);
    const { user } = parse(fileIn('kubeconfig.yaml')).users[0];
    expect(Buffer.from(user['client-certificate-data'], 'base64').toString()).toBe(fileIn('tlscert'));
    expect(Buffer.from(user['client-key-data'], 'base64').toString()).toBe(fileIn('key'));
    agent.proxyAddress = '';
    const without = await tbot(line);
    expect([without.code, without.stderr]).toEqual([1, expect.stringContaining('which a kubeconfig needs\nhint: ')]);
  });
});

describe('--print', () => {
  const print = async (line: string): Promise<string> => {
    const finished = await tbot(`generate --socket $S ${line}`);
    expect(finished).toMatchObject({ code: 0, stderr: '' });
    return finished.stdout;
  };
  const isPair = (certificate: string, key: string): boolean =>
    new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key));

  test('pem is certificate and key', async () => {
    const text = await print('app --app foo --print pem');
    expect(text.match(/-----BEGIN [A-Z ]+-----/g)).toEqual([
      '-----BEGIN CERTIFICATE-----',
      '-----BEGIN PRIVATE KEY-----',
    ]);
    expect(isPair(text, text.slice(text.indexOf('-----BEGIN PRIVATE')))).toBe(true);
  });

  test('json is all of it', async () => {
    const said = JSON.parse(await print('app --app foo --print json --ttl 1m'));
    expect(said).toMatchObject({
      kind: 'application',
      user: 'bot-ci',
      roles: ['role-a', 'role-b'],
      ttl: { asked: '1m0s', effective: '1m0s' },
      route: { cluster: 'bar', application: { name: 'foo', publicAddress: 'foo.example.com' } },
      sshCertificate: expect.stringMatching(/^ecdsa-sha2-nistp256-cert-v01@openssh\.com /),
      authorities: [{ type: 'host' }, { type: 'user' }],
    });
    expect(isPair(said.tlsCertificate, said.privateKey)).toBe(true);
    expect(new Date(said.expires) > new Date(said.refreshAt)).toBe(true);
  });

  test('env is what a shell takes over, whatever stands in it', async () => {
    const name = "it's $(touch /tmp/x)";
    const words = ['generate', '--socket', socket, 'app', '--app', name, '--print', 'env'];
    const { stdout, code } = await runInProcess(runCommandLine, words, { env: {} });
    expect(code).toBe(0);
    const script = `${stdout}\nprintf '%s\\0' "$TBOT_TLS_CERTIFICATE" "$TBOT_PRIVATE_KEY" "$TBOT_APPLICATION" "$TBOT_ROLES" "$TBOT_CLUSTER"`;
    const [certificate, key, ...rest] = execFileSync('sh', ['-c', script], { encoding: 'utf8' }).split('\0');
    expect(isPair(certificate!, key!)).toBe(true);
    expect(rest).toEqual([name, 'role-a,role-b', 'bar', '']);
  });

  test('a lifetime that was cut is told beside it', async () => {
    agent.maxTtlMs = 60_000;
    const finished = await tbot('generate --socket $S app --app foo --print pem --ttl 1h');
    expect(finished.stderr).toBe('note: the lifetime was cut from 1h0m0s to 1m0s by the max_ttl of the socket\n');
  });
});

describe('--dry-run', () => {
  test('tells what would be asked, and issues nothing', async () => {
    expect(await tbot('generate --socket $S app --app foo --ttl 2h --dry-run')).toMatchObject({
      code: 0,
      stderr: '',
      stdout: `Would be asked for:
  socket       ${socket}
  application  foo
  cluster      bar
  roles        role-a, role-b
  lifetime     1h0m0s, cut from 2h0m0s
`,
    });
    expect(agent.requests).toEqual([]);
  });

  test('says by what it would be refused', async () => {
    const line =
      'generate --socket $S k8s --kubernetes-cluster k1 --roles role-a,root --cluster leaf --dry-run --out $O';
    const finished = await tbot(line);
    expect([finished.code, finished.stdout.split('\n').filter((text) => text.startsWith('  !'))]).toEqual([
      3,
      [
        '  ! the socket issues no kubernetes credentials, only application, database',
        '  ! the socket does not allow root, only role-a, role-b',
        '  ! the socket does not lead to leaf, only to bar',
      ],
    ]);
    expect(agent.requests).toEqual([]);
    expect(await tbot('generate --socket $S app --app foo --ttl 10s --dry-run')).toMatchObject({ code: 2 });
  });
});

test('--wait waits for what is not there yet, and tells that once', async () => {
  agent.failure = { status: 'NOT_FOUND', detail: { code: 'not_found', message: 'application "foo" is not there' } };
  const seen = (): boolean => agent.requests.length >= 2;
  const running = tbot('generate --socket $S app --app foo --out $O --wait --timeout 20s');
  await expect.poll(seen, { interval: 5, timeout: 10_000 }).toBe(true);
  agent.failure = undefined;
  expect(await running).toMatchObject({ code: 0, stderr: 'note: waiting, since application "foo" is not there\n' });
});

describe('tbot kube credentials', () => {
  test('answers in the version that kubectl asks for', async () => {
    const line = 'kube credentials --socket $S --kubernetes-cluster k1';
    const ask = async (info: string): Promise<Finished> => tbot(line, { KUBERNETES_EXEC_INFO: info });
    for (const version of ['client.authentication.k8s.io/v1', 'client.authentication.k8s.io/v1beta1']) {
      const { stdout } = await ask(JSON.stringify({ kind: 'ExecCredential', apiVersion: version, spec: {} }));
      expect(JSON.parse(stdout)).toMatchObject({ apiVersion: version, kind: 'ExecCredential' });
    }
    const old = await ask('{"apiVersion":"client.authentication.k8s.io/v1alpha1"}');
    expect([old.code, old.stderr]).toEqual([
      2,
      expect.stringContaining('v1alpha1", which this command does not write'),
    ]);
    expect(await ask('{')).toMatchObject({ code: 2, stdout: '' });
    expect(agent.requests).toHaveLength(2);
  });

  test('takes the credential in a directory', async () => {
    await tbot('generate --socket $S k8s --kubernetes-cluster k1 --out $O');
    const finished = await tbot('kube credentials --destination-dir $O', { TBOT_SOCKET: '/nowhere' });
    expect(finished).toMatchObject({ code: 0, stderr: '' });
    const { status } = JSON.parse(finished.stdout);
    expect([status.clientCertificateData, status.clientKeyData]).toEqual([fileIn('tlscert'), fileIn('key')]);
    expect(await tbot('kube credentials --destination-dir /nowhere')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('cannot read /nowhere/identity: ENOENT\nhint: '),
    });
  });

  test.each([
    ['kube', 'say what to do for kubectl'],
    ['kube credentials --socket $S', '--kubernetes-cluster is missing'],
    ['kube credentials --kubernetes-cluster k1', 'no socket is given'],
    ['kube credentials --socket $S --destination-dir $O', 'exclude each other'],
    ['kube credentials --socket $S --kubernetes-cluster k1 --out $O', 'unknown option --out'],
  ])('%s is refused', async (line, words) => {
    const finished = await tbot(line);
    expect([finished.code, finished.stderr]).toEqual([2, expect.stringContaining(words)]);
  });
});
