import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { type Finished, RunningProgram, runProgram } from '@teleport-ts/dev-cluster/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Guide } from '../../test-support/guide.ts';
import { Journey, TBOT, tbotInProcess } from '../../test-support/journey.ts';

// The guide's configuration on one machine, with users who try to get what is not theirs.

const BUILD = 4001;
const DEPLOY = 4002;
const RUNNER = 4003;

let journey: Journey;
beforeAll(async () => {
  journey = await Journey.start();
});
afterAll(() => journey[Symbol.asyncDispose]());

test.runIf(process.getuid?.() === 0)(
  'several users of a CI host get their own, and nothing else',
  async () => {
    const { cluster } = journey;
    cluster.upsertRole({ name: 'registry-reader', allow: { appLabels: { '*': '*' } } });
    cluster.upsertRole({
      name: 'deployer',
      allow: { appLabels: { '*': '*' }, databaseLabels: { '*': '*' }, databaseUsers: ['*'], databaseNames: ['*'] },
    });
    await cluster.addApplication({ name: 'registry' });
    cluster.addDatabase({ name: 'orders' });
    cluster.addDatabase({ name: 'salaries' });
    const { botName } = await cluster.upsertBot({ name: 'host', roles: ['registry-reader', 'deployer'] });
    journey.letOthersIn();
    const [run, log, token, config] = ['run', 'log', 'token', 'tbot.yaml'].map((name) => journey.path(name)) as [
      string,
      string,
      string,
      string,
    ];
    for (const folder of [run, log]) mkdirSync(folder, { mode: 0o755 });
    writeFileSync(token, await cluster.createToken({ botName }));
    // The places and accounts of this machine for those of the guide's.
    const yaml = new Guide('ci-host')
      .block('yaml', 'sockets:')
      .replace('proxy_server: teleport.example.com:443', `auth_server: ${cluster.authAddress}`)
      .replace('/etc/tbot/token', token)
      .replace('/var/lib/tbot', journey.path('store'))
      .replace('127.0.0.1:3001', '127.0.0.1:0')
      .replaceAll('/run/tbot', run)
      .replaceAll('/var/log/tbot', log)
      .replaceAll('group: build', `group: ${BUILD}`)
      .replaceAll('group: deploy', `group: ${DEPLOY}`)
      .replaceAll('user: deploy-runner', `user: ${RUNNER}`);
    writeFileSync(config, yaml);
    const pins = cluster.caPins.flatMap((pin) => ['--ca-pin', pin]);
    await using agent = new RunningProgram(process.execPath, [TBOT, 'start', '-c', config, ...pins], {});
    await agent.printed(/\bready\b/);

    const ask = (socket: string, uid: number, gid: number, ...request: string[]): Promise<Finished> =>
      runProgram(process.execPath, [TBOT, 'generate', ...request, '--print', 'json'], {
        env: { TBOT_SOCKET: `${run}/${socket}.sock`, NODE_OPTIONS: undefined, NODE_EXTRA_CA_CERTS: undefined },
        uid,
        gid,
      });
    const registry = ['application', '--app-name', 'registry'];
    const orders = ['database', '--service', 'orders', '--username', 'deploy', '--database', 'main'];

    // Each their own.
    const [byBuild, byRunner] = await Promise.all([
      ask('build', 4010, BUILD, ...registry, '--ttl', '1h'),
      ask('deploy', RUNNER, DEPLOY, ...orders),
    ]);
    expect(byBuild).toMatchObject({ code: 0, stderr: expect.stringContaining('note: ') });
    expect(byRunner).toMatchObject({ code: 0 });
    const denied = { code: 3, stdout: '' };
    const [byFile, byGroup, byRoot, ...wrongThings] = await Promise.all([
      // A build asks the other socket: the file keeps it out.
      ask('deploy', 4010, BUILD, ...orders),
      // Somebody of the group who is not the runner, and root, whom no file keeps out: `allow` does.
      ask('deploy', 4011, DEPLOY, ...orders),
      ask('deploy', 0, DEPLOY, ...orders),
      // The right user, for another name, another kind, another role.
      ask('deploy', RUNNER, DEPLOY, ...orders.with(2, 'salaries')),
      ask('deploy', RUNNER, DEPLOY, ...registry),
      ask('deploy', RUNNER, DEPLOY, 'identity'),
      ask('deploy', RUNNER, DEPLOY, ...orders, '--roles', 'registry-reader'),
    ]);
    expect(byFile).toMatchObject(denied);
    for (const outsider of [byGroup, byRoot]) {
      expect(outsider).toMatchObject({ ...denied, stderr: 'error: you may not use this socket\n' });
    }
    expect(wrongThings).toMatchObject(Array(4).fill(denied));

    const { url } = /(?<url>http:\/\/127\.0\.0\.1:\d+)/.exec(agent.output)!.groups!;
    const metrics = await (await fetch(`${url}/metrics`)).text();
    const count = (labels: string): number =>
      Number(new RegExp(`^tbot_socket_requests_total\\{socket="${run}/${labels}\\} (\\d+)$`, 'm').exec(metrics)?.[1]);
    expect(count('build.sock",kind="application",trigger="",outcome="issued",reason=""')).toBe(1);
    expect(count('deploy.sock",kind="database",trigger="",outcome="issued",reason=""')).toBe(1);
    expect(count('deploy.sock",kind="database",trigger="",outcome="refused",reason="access_denied"')).toBe(2);

    agent.kill();
    expect(await agent.finished).toMatchObject({ code: 0 });
    expect(readdirSync(run)).toEqual([]);
    const records = readFileSync(`${log}/deploy.audit.log`, 'utf8').trim().split('\n');
    const decided = records.map((line) => JSON.parse(line)).map(({ peer, outcome }) => `${outcome} ${peer.uid}`);
    expect(decided.sort()).toEqual(
      [`issued ${RUNNER}`, 'refused 4011', 'refused 0', ...Array(4).fill(`refused ${RUNNER}`)].sort(),
    );
    for (const name of ['build', 'deploy']) {
      expect(await tbotInProcess(['audit', 'verify', `${log}/${name}.audit.log`])).toMatchObject({ code: 0 });
    }
  },
  90_000,
);
