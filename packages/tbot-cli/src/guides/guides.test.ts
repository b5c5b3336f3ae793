import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseConfig, type TbotConfig } from '@teleport-ts/tbot-core/config';
import { describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import type { Argv, CommandModule } from 'yargs';
import { isInstalled } from '../../test-support/consumers.ts';
import { Guide, parseUnit } from '../../test-support/guide.ts';
import { ExitCode } from '../exit.ts';
import { commands, createProgram } from '../program.ts';

// What a guide tells the operator to write and to type is understood.

const analyze = await isInstalled('systemd-analyze');

/** A command that is parsed and not run. */
function inert(module: CommandModule): CommandModule {
  const { builder } = module;
  const below = (yargs: Argv): Argv => {
    const command = yargs.command.bind(yargs) as unknown as (list: readonly CommandModule[]) => Argv;
    yargs.command = ((list: CommandModule | CommandModule[]) => command([list].flat().map(inert))) as never;
    return typeof builder === 'function' ? (builder(yargs) as Argv) : yargs;
  };
  return { ...module, builder: below, handler: () => {} };
}

/** Parses a command line as a shell without variables would hand it over. */
async function understood(line: string): Promise<unknown> {
  const words = line
    .replace(/\$\([^)]*\)/g, 'file')
    .split(/ +/)
    .map((word) => word.replaceAll('"', ''));
  return await createProgram(words.slice(1), commands.map(inert)).parseAsync();
}

const configOf = (text: string): TbotConfig => parseConfig(text);

test.each(['systemd', 'ci-host', 'container'])('the commands of %s', async (name) => {
  const lines = new Guide(name).commands;
  expect(lines.length > 0 || name === 'container').toBe(true);
  for (const line of lines) await expect(understood(line), line).resolves.toBeDefined();
  await expect(understood('tbot start --no-such-option')).rejects.toThrow();
});

describe('systemd', () => {
  const guide = new Guide('systemd');
  const config = configOf(guide.block('yaml', 'sockets:'));
  const service = parseUnit(guide.block('ini', 'ExecStart=')).Service!;
  const socket = parseUnit(guide.block('ini', 'ListenStream=')).Socket!;
  const one = (section: typeof service, name: string): string => {
    expect(section[name], name).toHaveLength(1);
    return section[name]![0]!;
  };

  test('the configuration is one, without a warning', () => {
    expect(config.warnings).toEqual([]);
    expect(config.sockets).toHaveLength(1);
  });

  test('the folders of the service are those of the configuration', () => {
    const [only] = config.sockets;
    expect(config.store).toEqual({ type: 'directory', path: `/var/lib/${one(service, 'StateDirectory')}` });
    expect(dirname(only!.path)).toBe(`/run/${one(service, 'RuntimeDirectory')}`);
    expect(dirname(only!.audit!.file)).toBe(`/var/log/${one(service, 'LogsDirectory')}`);
    expect(config.diagAddress).toEqual({ path: `/run/${one(service, 'RuntimeDirectory')}/diag.sock` });
    expect(one(service, 'SupplementaryGroups')).toBe(only!.group);
    expect(guide.block('text', 'nocreate')).toContain('/var/log/tbot/*.audit.log');
  });

  test('the socket of systemd is the one of the configuration, and no more open', () => {
    const [only] = config.sockets;
    expect(one(socket, 'ListenStream')).toBe(only!.path);
    expect(Number.parseInt(one(socket, 'SocketMode'), 8)).toBe(only!.mode);
    expect(one(socket, 'SocketGroup')).toBe(only!.group);
  });

  test('it runs our command, and gives up where no restart helps', async () => {
    const [command, ...args] = one(service, 'ExecStart').split(' ');
    expect(command).toBe('/opt/tbot/bin/tbot');
    await understood(['tbot', ...args].join(' '));
    const { USAGE, DENIED, IDENTITY } = ExitCode;
    expect(one(service, 'RestartPreventExitStatus').split(' ').map(Number)).toEqual([USAGE, DENIED, IDENTITY]);
  });

  test.runIf(analyze)('systemd takes the units, and finds the service well confined', () => {
    const folder = mkdtempSync(join(tmpdir(), 'units-'));
    try {
      // It looks whether there is such a program.
      const program = join(folder, 'tbot');
      writeFileSync(program, '#!/bin/sh\n');
      chmodSync(program, 0o755);
      const files = {
        'tbot.service': guide.block('ini', 'ExecStart='),
        'tbot.socket': guide.block('ini', 'ListenStream='),
      };
      for (const [name, text] of Object.entries(files)) {
        writeFileSync(join(folder, name), text.replace('/opt/tbot/bin/tbot', program));
      }
      const units = Object.keys(files).map((name) => join(folder, name));
      const told = spawnSync('systemd-analyze', ['verify', '--man=no', '--recursive-errors=no', ...units], {
        encoding: 'utf8',
      });
      expect({ status: told.status, stderr: told.stderr }).toEqual({ status: 0, stderr: '' });
      const security = ['security', '--no-pager', '--offline=yes', '--threshold=20', units[0]!];
      expect(execFileSync('systemd-analyze', security, { encoding: 'utf8' })).toContain('OK');
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe('ci-host', () => {
  const config = configOf(new Guide('ci-host').block('yaml', 'sockets:'));

  test('each socket says who, what, how long, and where that is recorded', () => {
    expect(config.warnings).toEqual([]);
    expect(config.sockets).toHaveLength(2);
    for (const socket of config.sockets) {
      expect(socket).toMatchObject({ roles: [expect.any(String)], mode: 0o660, audit: { chain: true } });
      expect(socket.allow?.length).toBeGreaterThan(0);
      expect(socket.kinds).not.toContain('identity');
      expect(socket.maxTtlMs).toBeLessThan(3_600_000);
    }
  });
});

describe('container', () => {
  const guide = new Guide('container');
  type Json = { [name: string]: Json } & { [index: number]: Json } & Iterable<Json>;
  const [map, set] = parseAllDocuments(guide.block('yaml', 'StatefulSet')).map((document) => document.toJS() as Json);
  const config = configOf(map!.data!['tbot.yaml'] as unknown as string);
  const pod = set!.spec!.template!.spec!;
  const [folder, agent] = [...pod.initContainers!] as [Json, Json];
  const [program] = [...pod.containers!] as [Json];
  const volume = (container: Json, path: string) =>
    [...container.volumeMounts!].find((mount) => String(mount.mountPath) === path);

  test('the configuration is one, and warns of its open address alone', () => {
    expect(config.warnings).toEqual([expect.stringContaining('diag_addr is open to whoever reaches every address')]);
  });

  test('the agent starts as its image does, and is asked where it answers', async () => {
    await understood(['tbot', ...agent.args!].join(' '));
    const entry = guide.block('dockerfile', 'ENTRYPOINT');
    expect(JSON.parse(/^ENTRYPOINT (.*)$/m.exec(entry)![1]!)).toEqual(['tbot']);
    await understood(['tbot', ...JSON.parse(/^CMD (.*)$/m.exec(entry)![1]!)].join(' '));
    const [port] = [...agent.ports!] as [Json];
    expect(config.diagAddress).toEqual({ port: port.containerPort });
    const probes = [agent.startupProbe, agent.livenessProbe, agent.readinessProbe].map((probe) => probe!.httpGet!);
    expect(probes.map(({ path }) => path)).toEqual(['/readyz', '/livez', '/readyz']);
    for (const probe of probes) expect(probe.port).toBe(port.name);
  });

  test('agent and program meet at the socket, and nowhere else', () => {
    const [socket] = config.sockets;
    const shared = dirname(dirname(socket!.path));
    expect([...folder.command!].at(-1)).toBe(dirname(socket!.path));
    expect(volume(agent, shared)).toMatchObject({ name: 'socket' });
    expect(volume(program, shared)).toMatchObject({ name: 'socket', readOnly: true });
    expect([...program.volumeMounts!]).toHaveLength(1);
    expect([...program.env!]).toEqual([{ name: 'TBOT_SOCKET', value: socket!.path }]);
    expect(socket!.allow).toEqual([{ user: program.securityContext!.runAsUser }]);
    expect(volume(agent, dirname(config.onboarding.token!))).toMatchObject({ name: 'token', readOnly: true });
    expect(volume(agent, (config.store as { path: string }).path)).toMatchObject({ name: 'identity' });
    const declared = [...pod.volumes!, ...[...set!.spec!.volumeClaimTemplates!].map((claim) => claim.metadata!)].map(
      ({ name }) => name,
    );
    for (const container of [folder, agent, program]) {
      for (const mount of container.volumeMounts!) expect(declared).toContain(mount.name);
    }
  });

  test('Compose: the same, with the address by a flag', async () => {
    const [compose] = parseAllDocuments(guide.block('yaml', 'driver_opts')).map((document) => document.toJS() as Json);
    const { tbot, orders } = compose!.services!;
    expect(await understood(['tbot', ...tbot!.command!].join(' '))).toMatchObject({ 'diag-addr': '127.0.0.1:3001' });
    expect([...tbot!.volumes!].map(String)).toContain('socket:/run/tbot');
    expect([...orders!.volumes!].map(String)).toEqual(['socket:/run/tbot:ro']);
    expect(Object.keys(compose!.volumes!)).toEqual(['identity', 'socket']);
    const [, node, , script] = [...tbot!.healthcheck!.test!].map(String);
    expect(node).toBe('node');
    expect(() => new Function(script!)).not.toThrow();
  });
});
