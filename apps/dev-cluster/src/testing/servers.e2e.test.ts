import { writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DevCluster } from '../dev-cluster.ts';
import type { UserCredentials } from '../issuing/user-credentials.ts';
import { areInstalled } from './installed-program.ts';
import { KubernetesApi } from './kubernetes-api.ts';
import { PostgresServer } from './postgres-server.ts';
import { type Finished, runProgram } from './program.ts';
import { issueNodeCertificate, issueServerCertificate, userAuthorities } from './server-certificates.ts';
import { SshServer } from './ssh-server.ts';
import { TemporaryDirectory } from './temporary-directory.ts';

// The servers that other tests hold certificates against let in by certificate, and nobody else.

let folder: TemporaryDirectory;
let cluster: DevCluster;
let alice: Credentials;
/** As good as the one of alice, but of another cluster of the same name. */
let stranger: Credentials;

interface Credentials extends UserCredentials {
  readonly files: { readonly key: string; readonly cert: string; readonly sshCert: string };
}

async function credentials(name: string, issuer: DevCluster, login: string): Promise<Credentials> {
  const allow = { logins: [login], databaseUsers: ['*'], databaseNames: ['*'], kubernetesGroups: ['viewers'] };
  issuer.upsertRole({ name: 'operator', allow });
  issuer.upsertUser({ name: 'alice', roles: ['operator'] });
  const made = await issuer.issueUserCredentials({ user: 'alice' });
  const write = async (end: string, text: string): Promise<string> => {
    await writeFile(folder.join(`${name}${end}`), text, { mode: 0o600 });
    return folder.join(`${name}${end}`);
  };
  const [key, cert, sshCert] = [
    await write('', made.key),
    await write('.pem', made.cert),
    await write('-cert.pub', `${made.sshCert}\n`),
  ];
  return { ...made, files: { key, cert, sshCert } };
}

beforeAll(async () => {
  folder = await TemporaryDirectory.create();
  cluster = await DevCluster.start({ name: 'root.example' });
  const login = process.env.USER ?? 'root';
  alice = await credentials('alice', cluster, login);
  await using other = await DevCluster.start({ name: 'root.example' });
  stranger = await credentials('stranger', other, login);
});
afterAll(async () => {
  await cluster.stop();
  await folder[Symbol.asyncDispose]();
});

describe.skipIf(!areInstalled('sshd', 'ssh'))('sshd', () => {
  it('takes a certificate of its authorities and shows one of its own', async () => {
    await using server = await SshServer.start({
      userCas: userAuthorities(cluster).sshPublicKeys,
      certify: (publicKey) => issueNodeCertificate(cluster, { nodeName: 'node-1', publicKey }),
    });
    const hosts = cluster.context.authorities.sshPublicKeys('host').map((key) => `@cert-authority * ${key}\n`);
    await writeFile(folder.join('known_hosts'), hosts.join(''));
    const ssh = ({ files: { key, sshCert } }: Credentials): Promise<Finished> => {
      const set = (option: string): string[] => ['-o', option];
      return runProgram('ssh', [
        ...['-F', 'none', '-p', String(server.port), '-i', key, ...set(`CertificateFile=${sshCert}`)],
        ...set(`UserKnownHostsFile=${folder.join('known_hosts')}`),
        ...[...set('StrictHostKeyChecking=yes'), ...set('HostKeyAlias=node-1.root.example'), ...set('BatchMode=yes')],
        ...[`${server.login}@127.0.0.1`, 'echo', 'here I am'],
      ]);
    };
    expect(await ssh(alice)).toEqual({ code: 0, signal: null, stdout: 'here I am\n', stderr: '' });
    const refused = await ssh(stranger);
    expect(refused).toMatchObject({ code: 255, stdout: '' });
    expect(refused.stderr).toContain('Permission denied (publickey)');
    expect(server.log).toMatch(/Accepted publickey for .*ID alice/);
  });
});

describe.skipIf(!areInstalled('initdb', 'postgres', 'psql'))('PostgreSQL', () => {
  it('takes a certificate of its authorities for the account that it is meant for', async () => {
    await using server = await PostgresServer.start({
      server: issueServerCertificate(cluster, 'db'),
      clientCas: userAuthorities(cluster).tlsCertificates,
      accounts: { reader: ['alice'], writer: [] },
      databases: ['main'],
    });
    await writeFile(folder.join('db-ca.pem'), cluster.context.authorities.tlsCertificates('db').join(''));
    const psql = ({ files }: Credentials, user: string): Promise<Finished> =>
      runProgram('psql', [
        ...['-X', '-A', '-t', '-c', 'select current_user, current_database()'],
        `host=localhost port=${server.port} user=${user} dbname=main sslmode=verify-full ` +
          `sslrootcert=${folder.join('db-ca.pem')} sslcert=${files.cert} sslkey=${files.key}`,
      ]);
    expect(await psql(alice, 'reader')).toEqual({ code: 0, signal: null, stdout: 'reader|main\n', stderr: '' });
    expect((await psql(alice, 'writer')).stderr).toContain('certificate authentication failed for user "writer"');
    expect((await psql(stranger, 'reader')).stderr).toContain('unknown ca');
    expect(server.log).toContain('connection authenticated: identity="');
  });
});

describe.skipIf(!areInstalled('kubectl'))('what stands for a Kubernetes API server', () => {
  it('takes a certificate of its authorities and lists pods', async () => {
    await using api = await KubernetesApi.start({
      server: issueServerCertificate(cluster, 'host'),
      clientCas: userAuthorities(cluster).tlsCertificates,
    });
    await writeFile(folder.join('host-ca.pem'), cluster.hostCaPems.join(''));
    await writeFile(folder.join('kubeconfig'), '');
    const kubectl = ({ files }: Credentials, ...what: string[]): Promise<Finished> =>
      runProgram('kubectl', [
        ...[`--kubeconfig=${folder.join('kubeconfig')}`, `--cache-dir=${folder.join('cache')}`, `--server=${api.url}`],
        ...[`--client-certificate=${files.cert}`, `--client-key=${files.key}`],
        ...[`--certificate-authority=${folder.join('host-ca.pem')}`, 'get', ...what],
      ]);
    expect(await kubectl(alice, 'pods', '-o', 'name')).toEqual({
      code: 0,
      signal: null,
      stdout: 'pod/web-0\n',
      stderr: '',
    });
    expect(api.requests.at(-1)).toMatchObject({ commonName: 'alice', path: '/api/v1/namespaces/default/pods' });
    expect(await kubectl(stranger, '--raw', '/whoami')).toMatchObject({ code: 1, stdout: '' });
  });
});
