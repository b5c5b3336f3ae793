// The five-minute demo: a cluster, an agent, its socket, a credential, a request.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { callApplication } from './application.ts';
import { Program, run } from './program.ts';

const require = createRequire(import.meta.url);
const devCluster = join(dirname(require.resolve('@teleport-ts/dev-cluster/package.json')), 'dist/main.js');
const tbot = join(dirname(require.resolve('@teleport-ts/tbot-cli/package.json')), 'dist/tbot.cjs');

interface ClusterReady {
  readonly name: string;
  readonly authAddress: string;
  readonly proxyAddress: string;
  readonly caPins: readonly string[];
  readonly webCaPath: string;
  readonly tokens: Readonly<Record<string, string>>;
}

const began = performance.now();

async function step<T>(title: string, work: () => Promise<T>): Promise<T> {
  const started = performance.now();
  const value = await work();
  console.log(`  ${title} (${Math.round(performance.now() - started)} ms)`);
  return value;
}

async function main(keep: boolean): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'quickstart-'));
  const socket = join(folder, 'tbot.sock');
  const out = join(folder, 'app-credentials');
  const started: Program[] = [];
  const stop = async (): Promise<void> => {
    for (const program of started.splice(0).reverse()) await program.stop();
    await rm(folder, { recursive: true, force: true });
  };
  const interrupted = (): void => {
    void stop().finally(() => process.exit(130));
  };
  process.once('SIGINT', interrupted).once('SIGTERM', interrupted);
  try {
    const cluster = await step('a cluster starts, with a bot, two roles and an application', async () => {
      const { program, found } = await Program.start(
        'dev-cluster',
        [
          ...[devCluster, 'start', '--data-dir', join(folder, 'cluster'), '--json'],
          ...['--name', 'root.example', '--bot', 'ci:deployer,auditor', '--app', 'foo'],
        ],
        (output) => {
          const line = output.split('\n').find((text) => text.startsWith('{') && text.endsWith('}'));
          return line === undefined ? undefined : (JSON.parse(line) as ClusterReady);
        },
      );
      started.push(program);
      return found;
    });
    console.log(`      cluster ${cluster.name}, auth ${cluster.authAddress}, proxy ${cluster.proxyAddress}`);

    const config = join(folder, 'tbot.yaml');
    await writeFile(
      config,
      [
        `auth_server: ${cluster.authAddress}`,
        'store:',
        '  type: memory',
        'sockets:',
        `- path: file://${socket}`,
        '  roles: ["deployer"]',
        '',
      ].join('\n'),
    );
    await step('an agent joins with a token and opens its socket', async () => {
      const { program } = await Program.start(
        'tbot start',
        [
          ...[tbot, 'start', '-c', config, '--join-method', 'token'],
          ...['--token', cluster.tokens.ci ?? '', '--ca-pin', cluster.caPins[0] ?? ''],
        ],
        (output) => (output.includes('ready') ? true : undefined),
      );
      started.push(program);
    });

    const generate = ['generate', '--socket', socket, 'application', '--app-name', 'foo', '--cluster', cluster.name];
    const args = [...generate, '--out', `file://${out}`, '--ttl', '1m'];
    console.log(`      $ tbot ${args.join(' ')}`);
    await step('tbot generate writes a credential that lives one minute', async () => {
      const result = await run([tbot, ...args]);
      if (result.code !== 0) throw new Error(`tbot generate ended with exit code ${result.code}: ${result.stderr}`);
    });

    const url = `https://${cluster.proxyAddress}/`;
    const curl = `curl --cacert ${cluster.webCaPath} --cert ${out}/tlscert --key ${out}/key ${url}`;
    console.log(`      $ ${curl}`);
    const answer = await step('the application answers through the proxy', () =>
      callApplication(url, out, cluster.webCaPath),
    );
    for (const line of answer.trim().split('\n')) console.log(`      ${line}`);
    if (!answer.includes('bot-ci')) throw new Error('the application does not know the bot');

    await step('a role outside the limit of the socket is refused', async () => {
      const result = await run([tbot, ...generate, '--roles', 'auditor', '--out', `file://${out}-auditor`]);
      if (result.code !== 3) throw new Error(`expected exit code 3, not ${result.code}: ${result.stderr}`);
      for (const line of result.stderr.trim().split('\n')) console.log(`      ${line}`);
    });

    if (keep) {
      console.log('\n  still running; try:');
      console.log(`      node ${tbot} status --socket ${socket}`);
      console.log(`      node ${tbot} ${args.join(' ')}`);
      console.log(`      ${curl}`);
      console.log(`  stop with: kill ${started.map((program) => program.pid).join(' ')} && rm -r ${folder}`);
      for (const program of started) program.release();
    } else {
      await step('everything that was started is stopped', stop);
    }
  } catch (error) {
    await stop();
    throw error;
  }
}

const unknown = process.argv.slice(2).find((argument) => argument !== '--keep' && argument !== '--');
if (unknown !== undefined) {
  console.error(`error: unknown argument ${unknown}\nhint: quickstart knows --keep, which leaves everything running`);
  process.exit(2);
}
console.log('quickstart: from nothing to a credential');
main(process.argv.includes('--keep')).then(
  () => {
    console.log(`quickstart: ok in ${((performance.now() - began) / 1000).toFixed(1)} s`);
    process.exit(0);
  },
  (error: unknown) => {
    console.error(`quickstart: failed: ${error instanceof Error ? error.message : String(error)}`);
    process.exit(1);
  },
);
