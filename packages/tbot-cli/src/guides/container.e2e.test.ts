import { chmodSync, chownSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { RunningProgram, runProgram } from '@teleport-ts/dev-cluster/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { Guide } from '../../test-support/guide.ts';
import { Journey, TBOT } from '../../test-support/journey.ts';

// The pod of the guide without Kubernetes: its users, its folders as the kubelet makes them, its probes.

interface Container {
  readonly command: readonly string[];
  readonly args: readonly string[];
  readonly securityContext: { readonly runAsUser: number; readonly runAsGroup?: number };
}

let journey: Journey;
beforeAll(async () => {
  journey = await Journey.start();
});
afterAll(() => journey[Symbol.asyncDispose]());

test.runIf(process.getuid?.() === 0)(
  'the program gets its credential from the sidecar, and no one else does',
  async () => {
    const { cluster } = journey;
    const databaseLabels = { '*': '*' };
    cluster.upsertRole({ name: 'orders', allow: { databaseLabels, databaseUsers: ['*'], databaseNames: ['*'] } });
    cluster.addDatabase({ name: 'orders' });
    const { botName } = await cluster.upsertBot({ name: 'orders', roles: ['orders'] });
    journey.letOthersIn();
    const guide = new Guide('container');
    const [map, set] = parseAllDocuments(guide.block('yaml', 'StatefulSet')).map((document) => document.toJS());
    const pod = set.spec.template.spec as {
      readonly initContainers: readonly [Container, Container];
      readonly containers: readonly [Container];
      readonly securityContext: { readonly fsGroup: number };
    };
    const [folder, agent] = pod.initContainers;
    const [program] = pod.containers;
    const group = pod.securityContext.fsGroup;

    // An emptyDir is open to all; so is a volume of another kind to the group.
    const [volume, identity, token, config] = ['volume', 'identity', 'token', 'tbot.yaml'].map((name) =>
      journey.path(name),
    ) as [string, string, string, string];
    for (const [path, mode] of [
      [volume, 0o2777],
      [identity, 0o2775],
    ] as const) {
      mkdirSync(path);
      chownSync(path, 0, group);
      chmodSync(path, mode);
    }
    writeFileSync(token, await cluster.createToken({ botName }), { mode: 0o440 });
    chownSync(token, 0, group);
    const here = (text: string): string =>
      text
        .replaceAll('/run/tbot', volume)
        .replaceAll('/var/lib/tbot', identity)
        .replaceAll('/run/secrets/tbot/token', token)
        .replaceAll('/etc/tbot/tbot.yaml', config)
        .replace('proxy_server: teleport.example.com:443', `auth_server: ${cluster.authAddress}`)
        .replace('":3001"', '":0"');
    writeFileSync(config, here(map.data['tbot.yaml']));

    const [made, ...madeBy] = folder.command.map(here) as [string, ...string[]];
    const owner = { uid: folder.securityContext.runAsUser, gid: folder.securityContext.runAsGroup! };
    expect(await runProgram(made, madeBy, owner)).toMatchObject({ code: 0, stderr: '' });
    const pins = cluster.caPins.flatMap((pin) => ['--ca-pin', pin]);
    const { runAsUser: uid, runAsGroup: gid = group } = agent.securityContext;
    await using running = new RunningProgram(process.execPath, [TBOT, ...agent.args.map(here), ...pins], { uid, gid });
    await running.printed(/"msg":"ready"|"message":"ready"/);

    const port = /http:\/\/\[::\]:(\d+)/.exec(running.output)?.[1];
    const probe = await fetch(`http://127.0.0.1:${port}/readyz`);
    expect({ status: probe.status, body: await probe.json() }).toMatchObject({
      status: 200,
      body: { status: 'healthy', services: { 'bot-identity': { status: 'healthy' } } },
    });

    const ask = (caller: number) =>
      runProgram(
        process.execPath,
        [TBOT, 'generate', 'database', '--service', 'orders', '--username', 'app', '--print', 'json'],
        {
          env: { TBOT_SOCKET: here('/run/tbot/agent/tbot.sock'), NODE_OPTIONS: undefined },
          uid: caller,
          gid: group,
        },
      );
    const [theirs, another] = await Promise.all([
      ask(program.securityContext.runAsUser),
      ask(program.securityContext.runAsUser + 1),
    ]);
    expect(theirs).toMatchObject({ code: 0 });
    expect(another).toMatchObject({ code: 3, stdout: '', stderr: 'error: you may not use this socket\n' });
    // What is the agent's stays the agent's.
    const key = readFileSync(`${identity}/key`, 'utf8').split('\n')[1]!;
    for (const printed of [running.output, theirs.stdout]) expect(printed).not.toContain(key);
    running.kill();
    expect(await running.finished).toMatchObject({ code: 0 });
  },
  90_000,
);
