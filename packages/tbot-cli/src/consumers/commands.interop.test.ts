import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { areInstalled, type Finished, runProgram, teleportBinDir } from '@teleport-ts/dev-cluster/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TBOT } from '../../test-support/journey.ts';
import { ANSWER, claimsOf, QUESTION } from '../../test-support/real-consumers.ts';
import { RealAgent, RealServices } from '../../test-support/real-services.ts';

// Commands that find their credential by the environment that `tbot generate --exec` gives them, on a real Teleport 18.

const DONE = { code: 0, signal: null, stderr: '' };

describe.skipIf(!teleportBinDir())('tbot generate --exec', () => {
  let root: RealServices;
  let agent: RealAgent;
  beforeAll(async () => {
    root = await RealServices.startRoot();
    agent = await RealAgent.start(root, 'ci', root.teleport.authAddress);
  });
  afterAll(async () => {
    await agent?.[Symbol.asyncDispose]();
    await root?.[Symbol.asyncDispose]();
  });

  const exec = (request: readonly string[], ...command: string[]): Promise<Finished> =>
    agent.run('generate', '--socket', agent.socket, ...request, '--exec', '--', ...command);

  test('curl, by a file for it', async () => {
    const { proxyAddress, webCaPath } = root.teleport;
    const script = `curl -sS --fail --cacert '${webCaPath}' -K "$TBOT_CURL_CONFIG_FILE" https://${proxyAddress}/`;
    const { stdout, ...ended } = await exec(['application', '--app-name', 'root-app'], 'sh', '-c', script);
    expect(ended).toEqual(DONE);
    expect(claimsOf(stdout).username).toBe('bot-ci');
  });

  test.skipIf(!areInstalled('psql', 'postgres'))('psql, by nothing but its own variables', async () => {
    const request = ['database', '--service', 'root-db', '--username', 'reader', '--database', 'main'];
    const where = ['-h', 'localhost', '-p', String(root.postgresProxyPort)];
    expect(await exec(request, 'psql', ...where, ...QUESTION)).toEqual({ ...DONE, stdout: ANSWER });
  });

  test.skipIf(!areInstalled('kubectl'))('kubectl, by nothing but KUBECONFIG', async () => {
    const request = ['kubernetes', '--kubernetes-cluster', 'root-kube'];
    const cache = `--cache-dir=${agent.path('cache')}`;
    expect(await exec(request, 'kubectl', cache, 'get', 'pods', '-o', 'name')).toEqual({
      ...DONE,
      stdout: 'pod/web-0\n',
    });
  });

  test.skipIf(!areInstalled('ssh', 'git'))('ssh by the configuration, and git as it is', async () => {
    const { port, host } = { port: root.teleport.ports.node, host: `${root.login}@real.root.test` };
    const ssh = `ssh -F "$TBOT_SSH_CONFIG_FILE" -o BatchMode=yes -p ${port} ${host} 'echo here I am; exit 7'`;
    expect(await exec(['identity'], 'sh', '-c', ssh)).toMatchObject({
      code: 7,
      stdout: expect.stringMatching(/^here I am\n/),
    });

    const repository = agent.path('repository');
    const git = (...args: string[]): Promise<Finished> => runProgram('git', ['-C', repository, ...args]);
    await runProgram('git', ['init', '-q', repository]);
    const author = ['-c', 'user.name=a', '-c', 'user.email=a@example.com'];
    await git(...author, 'commit', '-q', '--allow-empty', '-m', 'first');
    const { stdout } = await exec(['identity'], 'git', 'ls-remote', `ssh://${host}:${port}${repository}`, 'HEAD');
    expect(stdout.split('\t')[0]).toBe((await git('rev-parse', 'HEAD')).stdout.trim());
  });

  test.skipIf(!areInstalled('scp', 'cmp'))('scp, there and back, several at once', async () => {
    const out = await agent.generate('for-scp', 'identity');
    const local = agent.path('much');
    await writeFile(local, randomBytes(10_000_000));
    const copy = (from: string, to: string): Promise<Finished> => {
      const flags = ['-F', join(out, 'ssh_config'), '-o', 'BatchMode=yes', '-P', String(root.teleport.ports.node)];
      return runProgram('scp', [...flags, from, to], { env: agent.env });
    };
    const remote = (name: string): string => `${root.login}@real.root.test:${agent.path(name)}`;
    await Promise.all(
      ['one', 'two', 'three', 'four'].map(async (name) => {
        expect(await copy(local, remote(name))).toEqual({ ...DONE, stdout: '' });
        expect(await copy(remote(name), agent.path(`${name}-back`))).toEqual({ ...DONE, stdout: '' });
        expect(await runProgram('cmp', [local, agent.path(`${name}-back`)])).toEqual({ ...DONE, stdout: '' });
      }),
    );
  });

  test('tsh, by nothing but its own variable', async () => {
    const words = [join(teleportBinDir() as string, 'tsh'), `--proxy=${root.teleport.proxyAddress}`, 'ls'];
    const trust = ['env', `SSL_CERT_FILE=${root.teleport.webCaPath}`, `TELEPORT_HOME=${agent.path('tsh')}`];
    expect(await exec(['identity'], ...trust, ...words)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('env=demo'),
    });
  });

  test.skipIf(!areInstalled('ssh'))('ssh that asks the agent itself when it connects', async () => {
    const out = await agent.generate('identity', 'identity');
    const proxyCommand = `'${process.execPath}' '${TBOT}' ssh-proxy-command --socket '${agent.socket}' --host %h --port %p`;
    const { code, stdout } = await runProgram(
      'ssh',
      [
        ...['-F', join(out, 'ssh_config'), '-o', 'BatchMode=yes', '-o', `ProxyCommand=${proxyCommand}`],
        ...['-p', String(root.teleport.ports.node), `${root.login}@real.root.test`, 'echo', 'here I am'],
      ],
      { env: agent.env },
    );
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'here I am\n' });
  });
});
