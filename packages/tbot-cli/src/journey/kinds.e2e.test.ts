import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseIdentityFile, parseTlsIdentity } from '@teleport-ts/api-types';
import type { Finished } from '@teleport-ts/dev-cluster/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Journey, tbotInProcess } from '../../test-support/journey.ts';

// Every kind of credential from a running agent: one socket that serves all of them, one that serves two.

let journey: Journey;
let open: string;
let limited: string;

beforeAll(async () => {
  journey = await Journey.start();
  const { cluster } = journey;
  const all = { '*': '*' };
  for (const name of ['role-a', 'role-b']) {
    cluster.upsertRole({
      name,
      allow: {
        ...{ appLabels: all, databaseLabels: all, databaseUsers: ['reader'], databaseNames: ['main'] },
        ...{ kubernetesLabels: all, kubernetesGroups: ['viewers'], logins: ['root'] },
      },
    });
  }
  cluster.addDatabase({ name: 'pg', protocol: 'postgres' });
  cluster.addKubernetesCluster({ name: 'k1' });
  limited = journey.path('limited.sock');
  const more = `- path: file://${limited}\n  roles: [role-a]\n  kinds: [application, database]\n  databases: ["pg"]\n  max_ttl: 10m`;
  ({ socket: open } = await journey.agent({ more }));
});
afterAll(() => journey?.[Symbol.asyncDispose]());

const generate = (socket: string, line: string): Promise<Finished> =>
  tbotInProcess(['generate', '--socket', socket, ...line.split(' ')]);

test('one socket gives them all', async () => {
  for (const line of [
    'identity',
    'app --app foo',
    'db --service pg --username reader --database main --format tls',
    'k8s --kubernetes-cluster k1',
  ]) {
    const out = journey.fresh('out');
    expect(await generate(open, `${line} --out ${out} --ttl 5m`)).toMatchObject({ code: 0 });
    const { sshCertificate } = parseIdentityFile(await readFile(join(out, 'identity'), 'utf8'));
    expect(sshCertificate).toBeDefined();
  }
});

test('a socket without identities gives certificates that are good for their kind alone', async () => {
  const out = journey.fresh('out');
  expect(await generate(open, `app --app foo --out ${out}`)).toMatchObject({ code: 0 });
  expect(await readdir(out)).toContain('key-cert.pub');
  // The same directory: what was there of SSH goes away with its key.
  const finished = await generate(limited, `db --service pg --username reader --database main --out ${out}`);
  expect(finished).toMatchObject({ code: 0 });
  expect(finished.stdout).toContain('Wrote 8 files');
  expect(await readdir(out)).not.toContain('key-cert.pub');
  const tls = parseTlsIdentity(await readFile(join(out, 'tlscert'), 'utf8'));
  expect(tls).toMatchObject({ usage: ['usage:db'], database: { service: 'pg' }, roles: ['role-a'] });
  const printed = await generate(limited, 'app --app foo --print json');
  expect(JSON.parse(printed.stdout)).not.toHaveProperty('sshCertificate');
});

test('what a dry run says of a socket is what the socket does', async () => {
  for (const [line, code] of [
    ['app --app foo --ttl 5m', 0],
    ['db --service pg --roles role-a --cluster root.example', 0],
    ['identity', 3],
    ['db --service other', 3],
    ['k8s --kubernetes-cluster k1', 3],
    ['app --app foo --roles role-b', 3],
    ['app --app foo --ttl 5s', 2],
  ] as const) {
    const told = await generate(limited, `${line} --dry-run`);
    const done = await generate(limited, `${line} --print pem`);
    expect([line, told.code, done.code]).toEqual([line, code, code]);
    expect(told.stdout).toContain(code === 0 ? 'Would be asked for:' : 'Would be refused:');
  }
  const cut = await generate(limited, 'app --app foo --ttl 1h --dry-run');
  expect(cut.stdout).toContain('lifetime     10m0s, cut from 1h0m0s');
});

test('kubectl is answered by the agent that wrote its kubeconfig', async () => {
  const out = journey.fresh('out');
  await generate(open, `k8s --kubernetes-cluster k1 --out ${out}`);
  const kubeconfig = await readFile(join(out, 'kubeconfig.yaml'), 'utf8');
  const args = [...kubeconfig.matchAll(/^ {6}- (.*)$/gm)].map(([, arg = '']) => arg);
  const answer = await tbotInProcess(args);
  expect(answer).toMatchObject({ code: 0, stderr: '' });
  const { status } = JSON.parse(answer.stdout);
  const { kubernetesCluster, notAfter } = parseTlsIdentity(status.clientCertificateData);
  expect(kubernetesCluster).toBe('k1');
  expect(Date.parse(status.expirationTimestamp)).toBe(notAfter.getTime() - 60_000);
});
