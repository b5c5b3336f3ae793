import { readFile, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import {
  areInstalled,
  type Finished,
  issueNodeCertificate,
  issueServerCertificate,
  KubernetesApi,
  PostgresServer,
  runProgram,
  SshServer,
  userAuthorities,
} from '@teleport-ts/dev-cluster/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Journey, tbot } from '../../test-support/journey.ts';

// What `tbot generate` writes, used by the programs that it is for, on servers that trust the cluster's authorities.

const DONE = { code: 0, signal: null, stderr: '' };
const NODE = 'node-1';
const login = userInfo().username;

let journey: Journey;
let socket: string;
/** The user in the certificates. */
let user: string;
/** What a user of the cluster has set: whom to trust for the web certificate of its proxy. */
let env: { readonly NODE_EXTRA_CA_CERTS: string | undefined };
beforeAll(async () => {
  journey = await Journey.start();
  const all = { '*': '*' };
  journey.cluster.upsertRole({
    name: 'role-a',
    allow: {
      ...{ appLabels: all, nodeLabels: all, databaseLabels: all, kubernetesLabels: all },
      ...{ logins: [login], databaseUsers: ['reader'], databaseNames: ['main'], kubernetesGroups: ['viewers'] },
    },
  });
  journey.cluster.addDatabase({ name: 'pg', protocol: 'postgres', uri: 'localhost:5432' });
  journey.cluster.addKubernetesCluster({ name: 'k1' });
  env = { NODE_EXTRA_CA_CERTS: journey.cluster.webCaPath };
  const agent = await journey.agent({ roles: '["role-a"]' });
  [socket, user] = [agent.socket, `bot-${agent.bot}`];
});
afterAll(() => journey[Symbol.asyncDispose]());

/** `tbot generate`; the folder that it wrote. */
async function generate(...request: string[]): Promise<string> {
  const out = journey.fresh('out');
  const { code, stderr } = await tbot(['generate', '--socket', socket, ...request, '--out', out], { env });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return out;
}

test.skipIf(!areInstalled('curl'))('curl reaches an application, by its files and by those of --exec', async () => {
  const { webCaPath = '', proxyAddress } = journey.cluster;
  const out = await generate('application', '--app-name', 'foo');
  const curl = ['curl', '-sS', '--fail', '--cacert', webCaPath, `https://${proxyAddress}/`];
  const byFiles = await runProgram('sh', [
    ...['-c', `"$@" --cert '${join(out, 'tlscert')}' --key '${join(out, 'key')}'`, 'sh', ...curl],
  ]);
  const request = [
    'application',
    '--app-name',
    'foo',
    '--exec',
    '--',
    'sh',
    '-c',
    '"$@" -K "$TBOT_CURL_CONFIG_FILE"',
    'sh',
  ];
  const byExec = await tbot(['generate', '--socket', socket, ...request, ...curl]);
  for (const { stdout, ...ended } of [byFiles, byExec]) {
    expect(ended).toEqual(DONE);
    expect(JSON.parse(stdout)).toMatchObject({ caller: { user, roles: ['role-a'] } });
  }
});

describe.skipIf(!areInstalled('ssh', 'ssh-keygen', 'sshd'))('OpenSSH', () => {
  let server: SshServer;
  beforeAll(async () => {
    server = await SshServer.start({
      userCas: userAuthorities(journey.cluster).sshPublicKeys,
      certify: (publicKey) => issueNodeCertificate(journey.cluster, { nodeName: NODE, publicKey }),
    });
    journey.cluster.addNode({ hostname: NODE, addr: `127.0.0.1:${server.port}` });
  });
  afterAll(() => server?.[Symbol.asyncDispose]());

  test('reads the certificate, and sshd lets its holder in', async () => {
    const out = await generate('identity');
    const { stdout: told } = await runProgram('ssh-keygen', ['-L', '-f', join(out, 'key-cert.pub')]);
    expect(told).toMatch(/Type: .*user certificate/);
    expect(told).toMatch(new RegExp(`Principals:\\s+${login}\\n`));
    const direct = await runProgram('ssh', [
      ...['-F', 'none', '-i', join(out, 'key'), '-o', `CertificateFile=${join(out, 'key-cert.pub')}`],
      ...['-o', `UserKnownHostsFile=${join(out, 'known_hosts')}`, '-o', `HostKeyAlias=${NODE}.root.example`],
      ...['-o', 'BatchMode=yes', '-o', 'StrictHostKeyChecking=yes'],
      ...['-p', String(server.port), `${login}@127.0.0.1`, 'echo', 'here I am'],
    ]);
    expect(direct).toEqual({ ...DONE, stdout: 'here I am\n' });
    expect(server.log).toContain(`ID ${user} `);
  });

  test('gets to a node through the proxy by the ssh_config', async () => {
    const out = await generate('identity');
    const ssh = (...args: string[]): Promise<Finished> =>
      runProgram(
        'ssh',
        [
          ...['-F', join(out, 'ssh_config'), '-o', 'BatchMode=yes', '-p', String(server.port)],
          ...[`${login}@${NODE}.root.example`, ...args],
        ],
        { env },
      );
    // Much in both directions to the last byte, and how the command ended.
    const both = await ssh('echo here I am; head -c 1000000 /dev/zero | tee /dev/stderr | wc -c; exit 7');
    const stdout = 'here I am\n1000000\n';
    expect({ ...both, stderr: both.stderr.length }).toEqual({ code: 7, signal: null, stdout, stderr: 1_000_000 });
  });
});

describe.skipIf(!areInstalled('psql', 'initdb', 'postgres'))('PostgreSQL', () => {
  test('psql logs in with the database set', async () => {
    const { cluster } = journey;
    const out = await generate('database', '--service', 'pg', '--username', 'reader', '--database', 'main');
    await using server = await PostgresServer.start({
      server: issueServerCertificate(cluster, 'db'),
      clientCas: userAuthorities(cluster).tlsCertificates,
      accounts: { reader: [user], writer: [] },
      databases: ['main'],
    });
    const psql = (account: string): Promise<Finished> =>
      runProgram('psql', [
        ...['-X', '-A', '-t', '-c', 'select current_user, current_database()'],
        `host=localhost port=${server.port} user=${account} dbname=main sslmode=verify-full ` +
          `sslrootcert=${join(out, 'teleport-database-ca.crt')} sslcert=${join(out, 'tlscert')} sslkey=${join(out, 'key')}`,
      ]);
    expect(await psql('reader')).toEqual({ ...DONE, stdout: 'reader|main\n' });
    expect((await psql('writer')).stderr).toContain('certificate authentication failed for user "writer"');
  });
});

describe('Kubernetes', () => {
  let api: KubernetesApi;
  beforeAll(async () => {
    api = await KubernetesApi.start({
      server: issueServerCertificate(journey.cluster, 'host'),
      clientCas: userAuthorities(journey.cluster).tlsCertificates,
    });
  });
  afterAll(() => api?.[Symbol.asyncDispose]());

  /** The proxy of this cluster serves no Kubernetes and says so, to those who trust its web certificate. */
  async function generateKubeconfig(): Promise<string> {
    const out = journey.fresh('out');
    const request = ['kubernetes', '--kubernetes-cluster', 'k1', '--out', out];
    const { code, stderr } = await tbot(['generate', '--socket', socket, ...request]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringMatching(/^note: .*is assumed/) });
    return join(out, 'kubeconfig.yaml');
  }

  test.each(['v1beta1', 'v1'])('a client that asks for %s gets a certificate of the plugin', async (version) => {
    const kubeconfig = await readFile(await generateKubeconfig(), 'utf8');
    const command = / {6}command: (.*)/.exec(kubeconfig)?.[1] ?? '';
    const args = [...kubeconfig.matchAll(/^ {6}- (.*)$/gm)].map(([, arg = '']) => arg);
    const apiVersion = `client.authentication.k8s.io/${version}`;
    const info = { apiVersion, kind: 'ExecCredential', spec: { interactive: false } };
    const plugin = await runProgram(command, args, { env: { KUBERNETES_EXEC_INFO: JSON.stringify(info) } });
    expect(plugin).toMatchObject(DONE);
    const answer = JSON.parse(plugin.stdout);
    expect(answer).toMatchObject({ apiVersion, kind: 'ExecCredential' });
    const { clientCertificateData: cert, clientKeyData: key, expirationTimestamp } = answer.status;
    expect(Date.parse(expirationTimestamp)).toBeGreaterThan(Date.now());
    const told = await new Promise<string>((resolve, reject) => {
      const options = { ca: journey.cluster.hostCaPems, cert, key, agent: false };
      request(`${api.url}/whoami`, options, (response) => void text(response).then(resolve, reject))
        .on('error', reject)
        .end();
    });
    expect(JSON.parse(told).commonName).toBe(user);
  });

  test.skipIf(!areInstalled('kubectl'))('kubectl asks the plugin that the kubeconfig names', async () => {
    const kubeconfig = await generateKubeconfig();
    const hostCa = journey.fresh('host-ca');
    await writeFile(hostCa, journey.cluster.hostCaPems.join(''));
    const kubectl = (...args: string[]): Promise<Finished> =>
      runProgram('kubectl', [
        ...[`--kubeconfig=${kubeconfig}`, `--cache-dir=${journey.path('cache')}`],
        // No proxy leads to it, so the address is another; all else is as written.
        ...[`--server=${api.url}`, '--tls-server-name=localhost', `--certificate-authority=${hostCa}`, ...args],
      ]);
    expect(await kubectl('get', 'pods', '-o', 'name')).toEqual({ ...DONE, stdout: 'pod/web-0\n' });
    expect(api.requests.at(-1)).toMatchObject({ commonName: user, path: '/api/v1/namespaces/default/pods' });
  });
});
