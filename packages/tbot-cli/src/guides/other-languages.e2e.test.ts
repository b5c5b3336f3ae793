import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { areInstalled, type Finished, RunningProgram, runProgram } from '@teleport-ts/dev-cluster/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Guide } from '../../test-support/guide.ts';
import { Journey, type StartedAgent } from '../../test-support/journey.ts';

// What docs/other-languages.md tells a shell and a Python program to do, done against a running agent.

const guide = new Guide('../other-languages');
const contract = createRequire(import.meta.url).resolve('@teleport-ts/tbot-core/proto/credentials.proto');

/** A Python that has gRPC and its generator, if there is one. */
const python = [process.env.PYTHON, 'python3', '/usr/bin/python3'].find(
  (name) => name && spawnSync(name, ['-c', 'import grpc, grpc_tools, google.protobuf']).status === 0,
);
if (!python) console.log('tests with grpcio and grpcio-tools for Python are skipped: not installed');

let journey: Journey;
let agent: StartedAgent;

beforeAll(async () => {
  journey = await Journey.start();
  const { cluster } = journey;
  for (const name of ['role-a', 'role-b']) {
    cluster.upsertRole({ name, allow: { appLabels: { '*': '*' }, kubernetesLabels: { '*': '*' } } });
  }
  await cluster.addApplication({ name: 'grafana' });
  cluster.addKubernetesCluster({ name: 'prod' });
  writeFileSync(journey.path('web-ca.pem'), cluster.webCaPem);
  agent = await journey.agent();
});
afterAll(() => journey[Symbol.asyncDispose]());

/** A block with the places of this machine for those of the guide, to be run in a folder of its own. */
function here(block: string): { text: string; cwd: string; env: Record<string, string | undefined> } {
  const text = block
    .replaceAll('/run/tbot/ci.sock', agent.socket)
    .replaceAll('https://grafana.example.com/', `https://${journey.cluster.proxyAddress}/`);
  const cwd = journey.fresh('folder');
  mkdirSync(cwd);
  copyFileSync(contract, `${cwd}/credentials.proto`);
  const ca = journey.path('web-ca.pem');
  return { text, cwd, env: { CURL_CA_BUNDLE: ca, SSL_CERT_FILE: ca, NODE_OPTIONS: undefined } };
}

const shell = (block: string): Promise<Finished> => {
  const { text, ...options } = here(block);
  return runProgram('sh', ['-ec', text], options);
};

/** The application's answer names the caller. */
const greeted = { caller: expect.objectContaining({ roles: expect.arrayContaining(['role-a']) }) };

test('a shell with curl alone', async () => {
  const { stdout, stderr, code } = await shell(guide.block('sh', 'byte()'));
  expect([code, stderr]).toEqual([0, '']);
  expect(JSON.parse(stdout)).toMatchObject(greeted);
});

test.runIf(areInstalled('grpcurl'))('a shell with grpcurl', async () => {
  const { stdout, stderr, code } = await shell(guide.block('sh', 'grpcurl '));
  expect([code, stderr]).toEqual([0, '']);
  expect(JSON.parse(stdout)).toMatchObject(greeted);
});

/** Makes the stubs as the guide says, and runs the program in the same folder. */
function pythonProgram(containing: string): { file: string; cwd: string; env: Record<string, string | undefined> } {
  const { text, cwd, env } = here(guide.block('python', containing));
  const [, make = ''] = guide.block('sh', 'grpc_tools').split('\n');
  execFileSync('sh', ['-ec', make.replace('python3', python!)], { cwd });
  writeFileSync(`${cwd}/program.py`, text);
  return { file: `${cwd}/program.py`, cwd, env };
}

test.runIf(python)('Python asks for one credential', async () => {
  const { file, ...options } = pythonProgram('GenerateIdentity(request');
  const asked = await runProgram(python!, [file], options);
  expect([asked.code, asked.stderr]).toEqual([0, '']);
  expect(JSON.parse(asked.stdout)).toMatchObject(greeted);
  writeFileSync(file, readFileSync(file, 'utf8').replace('name="grafana"', 'name="nosuch"'));
  const refused = await runProgram(python!, [file], options);
  expect([refused.code, refused.stderr]).toEqual([1, expect.stringMatching(/^NOT_FOUND: .*nosuch/)]);
});

test.runIf(python)('Python keeps a credential fresh for a key of its own', async () => {
  const { file, cwd, env } = pythonProgram('WatchIdentity(');
  execFileSync('sh', ['-ec', guide.block('sh', 'openssl ecparam')], { cwd });
  await using watching = new RunningProgram(python!, [file], { cwd, env });
  await watching.printed(/^start \d{4}-.*Z$/m);
  const fits = 'test "$(openssl x509 -in cert.pem -noout -pubkey)" = "$(cat key.pub.pem)"';
  expect(spawnSync('sh', ['-c', fits], { cwd }).status).toBe(0);
});
