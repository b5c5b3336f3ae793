import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DevCluster } from '../dev-cluster.ts';
import { L7Balancer } from '../testing/l7-balancer.ts';
import { runProgram } from '../testing/program.ts';
import { teleportBinDir } from '../testing/real-teleport.ts';
import { TemporaryDirectory } from '../testing/temporary-directory.ts';

const binDir = teleportBinDir();

/** What a list of tsh in JSON holds, as far as it is looked at. */
interface Listed {
  readonly metadata?: { readonly name: string };
  readonly spec?: { readonly hostname?: string };
  readonly kube_cluster_name?: string;
  readonly cluster_name?: string;
}

const nameOf = ({ metadata, spec, kube_cluster_name, cluster_name }: Listed): string | undefined =>
  spec?.hostname ?? metadata?.name ?? kube_cluster_name ?? cluster_name;

describe.skipIf(!binDir).each([
  ['by TLS routing', {}, []],
  ['with separate ports', { proxyListenerMode: 'separate' }, ['ProxyCluster']],
  ['behind a balancer', { isBehindBalancer: true }, []],
] as const)(
  'a real tsh with an identity file, %s',
  (_way, { isBehindBalancer = false, ...options }: Options, calls) => {
    let cluster: DevCluster;
    let balancer: L7Balancer;
    let folder: TemporaryDirectory;

    beforeAll(async () => {
      folder = await TemporaryDirectory.create();
      balancer = await L7Balancer.start({ to: () => cluster.proxyAddress });
      cluster = await DevCluster.start({
        name: 'root.test',
        ...options,
        ...(isBehindBalancer && { proxyPublicAddr: balancer.address }),
        leaves: [{ name: 'leaf.test', roleMap: { access: ['access'] } }],
      });
      for (const [each, place] of [
        [cluster, 'root'],
        [cluster.leaf('leaf.test'), 'leaf'],
      ] as const) {
        const all = { '*': '*' };
        each.upsertRole({
          name: 'access',
          allow: { appLabels: all, nodeLabels: all, databaseLabels: all, kubernetesLabels: all, logins: ['root'] },
        });
        each.addNode({ hostname: `${place}-node`, labels: { env: 'demo' } });
        await each.addApplication({ name: `${place}-app` });
        each.addDatabase({ name: `${place}-db`, protocol: 'postgres', uri: '127.0.0.1:5432' });
        each.addKubernetesCluster({ name: `${place}-kube` });
      }
      cluster.upsertUser({ name: 'alice', roles: ['access'] });
      const { identityFile } = await cluster.issueUserCredentials({ user: 'alice' });
      await writeFile(folder.join('alice.id'), identityFile, { mode: 0o600 });
      await writeFile(folder.join('web-ca.pem'), `${cluster.webCaPem}\n${balancer.caPem}`);
    });

    afterAll(async () => {
      await cluster.stop();
      await balancer.stop();
      await folder[Symbol.asyncDispose]();
    });

    async function tsh(...args: string[]): Promise<string> {
      const proxy = isBehindBalancer ? balancer.address : cluster.proxyAddress;
      const { code, stdout, stderr } = await runProgram(
        join(binDir as string, 'tsh'),
        ['-i', folder.join('alice.id'), `--proxy=${proxy}`, ...args],
        { env: { SSL_CERT_FILE: folder.join('web-ca.pem'), TELEPORT_HOME: folder.join('home') } },
      );
      expect(stderr.replaceAll(/^WARNING.*$/gm, ''), args.join(' ')).not.toMatch(/error/i);
      expect(code).toBe(0);
      return stdout;
    }

    const names = async (...args: string[]) =>
      (JSON.parse(await tsh(...args, '--format=json')) as Listed[]).map(nameOf);

    it.each([
      [['ls'], 'root-node'],
      [['apps', 'ls'], 'root-app'],
      [['db', 'ls'], 'root-db'],
      [['kube', 'ls'], 'root-kube'],
    ])('tsh %j', async (args, name) => {
      expect(await names(...args)).toEqual([name]);
      const received = cluster.calls.list().map(({ method }) => method);
      for (const call of calls) expect(received).toContain(call);
      const upgrades = balancer.forwarded.filter(({ upgrade }) => upgrade === 'websocket');
      expect(upgrades.length > 0).toBe(isBehindBalancer);
    });

    it('tsh clusters', async () => {
      expect(await names('clusters')).toEqual(['root.test', 'leaf.test']);
    });
  },
);

interface Options {
  readonly proxyListenerMode?: 'separate';
  readonly isBehindBalancer?: boolean;
}
