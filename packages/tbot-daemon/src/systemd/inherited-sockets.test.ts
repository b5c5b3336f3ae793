import { chmodSync, existsSync, mkdirSync, openSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { ask, cluster, config, folder, grafana, socketPath, start } from '../../test-support/daemon-in-cluster.ts';
import { rawSockets } from '../../test-support/raw-sockets.ts';
import { Daemon } from '../daemon.ts';
import { inheritedSockets, listeningSockets } from './inherited-sockets.ts';

const raw = rawSockets();
/** Descriptors of the test's own: one that an agent was started with is closed by that agent. */
const open: number[] = [];
const owned = (fd: number): number => {
  open.push(fd);
  return fd;
};
afterEach(() => {
  for (const fd of open.splice(0)) raw!.close(fd);
});

test.each([
  [{}],
  [{ LISTEN_FDS: '1' }],
  [{ LISTEN_FDS: '1', LISTEN_PID: '1' }],
  [{ LISTEN_PID: String(process.pid) }],
  [{ LISTEN_FDS: '0', LISTEN_PID: String(process.pid) }],
])('%j hands over nothing', async (environment) => {
  expect(await inheritedSockets(environment)).toEqual([]);
});

test.each(['x', '-1', '1e3', '99999'])('LISTEN_FDS=%s is no number of descriptors', async (count) => {
  await expect(inheritedSockets({ LISTEN_FDS: count, LISTEN_PID: String(process.pid) })).rejects.toMatchObject({
    code: 'bad_parameter',
  });
});

describe.runIf(raw)('a descriptor', () => {
  test('that listens is known by its path', async () => {
    const [a, b] = [owned(raw!.listen(join(folder, 'a'), 0o600)), owned(raw!.listen(join(folder, 'b b'), 0o600))];
    expect(await listeningSockets([a, b].map((fd) => ({ fd, name: '' })))).toEqual([
      { fd: a, path: join(folder, 'a') },
      { fd: b, path: join(folder, 'b b') },
    ]);
  });

  test.each([
    ['a file', () => openSync('/dev/null', 'r')],
    ['a datagram socket', () => raw!.bindDatagram(join(folder, 'd'))],
    ['a closed one', () => 9999],
  ])('that is %s is refused', async (_what, make) => {
    const fd = make();
    if (fd !== 9999) owned(fd);
    await expect(listeningSockets([{ fd, name: 'tbot.socket' }])).rejects.toMatchObject({
      code: 'bad_parameter',
      message: `descriptor ${fd} (tbot.socket) of LISTEN_FDS is not a listening unix socket with a path`,
    });
  });
});

describe.runIf(raw)('an agent on a socket that systemd made', () => {
  test('serves it, and leaves it there for the next one', async () => {
    const auth = await cluster();
    const token = await auth.createToken({ botName: 'ci' });
    const store = `{ type: directory, path: ${join(folder, 'store')} }`;
    const settings = config(auth, token, `- path: ${socketPath}\n  roles: [reader]`, store);
    const kept = owned(raw!.listen(socketPath, 0o600));
    const agent = () => start({ config: settings, inherited: [{ fd: raw!.duplicate(kept), path: socketPath }] });
    const first = await agent();
    expect((await ask().generateIdentity(grafana)).roles).toEqual(['reader']);
    await first.close();
    expect(existsSync(socketPath)).toBe(true);
    // Nobody is turned away in between.
    const early = ask().generateIdentity(grafana);
    await agent();
    expect((await early).roles).toEqual(['reader']);
  });

  test('finds it under another name of its folder', async () => {
    const auth = await cluster();
    const token = await auth.createToken({ botName: 'ci' });
    mkdirSync(join(folder, 'run'));
    symlinkSync(join(folder, 'run'), join(folder, 'var-run'));
    const fd = raw!.listen(join(folder, 'run/tbot.sock'), 0o600);
    await start({
      config: config(auth, token, `- path: ${folder}/var-run/tbot.sock`),
      inherited: [{ fd, path: join(folder, 'run/tbot.sock') }],
    });
    await ask(join(folder, 'var-run/tbot.sock')).generateIdentity(grafana);
  });

  test('does not start where it would be more open than configured, or of no use', async () => {
    const auth = await cluster();
    const token = await auth.createToken({ botName: 'ci' });
    const fd = owned(raw!.listen(socketPath, 0o666));
    const attempt = (sockets: string) =>
      Daemon.start({ config: config(auth, token, sockets), inherited: [{ fd, path: socketPath }] });
    await expect(attempt(`- path: ${socketPath}`)).rejects.toMatchObject({
      code: 'bad_parameter',
      message: `the socket ${socketPath} was made by systemd with mode 0666, and 0600 is configured`,
      hint: 'write SocketMode=0600 in the socket unit, or mode: "0666" in the configuration',
    });
    chmodSync(socketPath, 0o664);
    await expect(attempt(`- path: ${socketPath}\n  mode: "0644"`)).rejects.toThrow('with mode 0664');
    await expect(attempt(`- path: ${socketPath}\n  mode: "0660"\n  owner: 4711`)).rejects.toThrow(/for the owner \d+/);
    await expect(attempt(`- path: ${socketPath}\n  mode: "0660"\n  group: 4711`)).rejects.toThrow(/for the group \d+/);
    await expect(attempt(`- path: ${socketPath}\n  mode: "0660"\n  readers: [{ user: 1 }]`)).rejects.toThrow('readers');
    await expect(attempt(`- path: ${folder}/other.sock`)).rejects.toMatchObject({
      message: `systemd hands over the socket ${socketPath}, which is not configured`,
    });
    rmSync(socketPath);
    await expect(attempt(`- path: ${socketPath}`)).rejects.toThrow('and is gone');
    // Nothing of that has cost the token.
    await start({ config: config(auth, token, `- path: ${socketPath}`) });
  });
});
