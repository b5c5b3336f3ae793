import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { systemClock } from '@teleport-ts/tbot-core';
import { GenerateIdentityRequest } from '@teleport-ts/tbot-core/proto';
import { describe, expect, test } from 'vitest';
import {
  call,
  client,
  ending,
  failure,
  generate,
  health,
  open,
  path,
  readPeer,
  root,
} from '../test-support/credential-socket.ts';

describe('peers', () => {
  test('without a way to tell them apart a socket with `allow` does not start', async () => {
    await expect(open({ allow: [{ uid: 0 }], readPeer: undefined } as never)).rejects.toMatchObject({
      code: 'bad_parameter',
      message: `the socket ${path} has \`allow\`, but this system does not tell who connects`,
    });
    expect(existsSync(path)).toBe(false);
  });

  test('without a way to tell them apart a socket without `allow` serves, and says that it does not know', async () => {
    const { records } = await open({ readPeer: () => undefined });
    await generate();
    expect(records[0]).not.toHaveProperty('peer');
    expect(await call('describe')).toMatchObject({ peer: { uid: -1n, gid: -1n, pid: -1n } });
  });

  test.runIf(readPeer)('an outsider is denied everything by a service that knows nothing else', async () => {
    const { records, asked, counters } = await open({ allow: [{ uid: 4_000_000 }] });
    const denied = { code: 7, details: 'you may not use this socket', failure: { code: 'access_denied', hint: '' } };
    expect(await failure(generate())).toMatchObject(denied);
    expect(await failure(call('getStatus'))).toMatchObject(denied);
    expect(await failure(unknownMethod())).toMatchObject({ code: 7 });
    expect(await failure(health(''))).toMatchObject({ code: 7 });
    expect(asked).toHaveLength(0);
    expect(records[0]).toMatchObject({ event: 'connection', outcome: 'refused', peer: { uid: process.getuid?.() } });
    expect(counters.status().refused).toBeGreaterThan(0);
  });

  test.runIf(readPeer)('an outsider’s flood is counted, but not written down line by line', async () => {
    const { records, counters } = await open({
      allow: [{ uid: 4_000_000 }],
      clock: { ...systemClock, now: () => 1000 },
    });
    for (let i = 0; i < 80; i++) {
      const socket = connect({ path });
      socket.on('error', () => {});
      await once(socket, 'connect');
      socket.destroy();
    }
    await expect.poll(() => counters.status().refused, { timeout: 10_000 }).toBe(80);
    expect(records).toHaveLength(50);
  });

  test.runIf(readPeer)('outsiders take no place from those who are served', async () => {
    let outsider = true;
    const who = (socket: Parameters<NonNullable<typeof readPeer>>[0]) => {
      const peer = readPeer?.(socket);
      return peer && { ...peer, uid: outsider ? 4_000_000 : peer.uid };
    };
    const { counters } = await open({
      allow: [{ uid: process.getuid?.() ?? 0 }],
      connections: { total: 1 },
      readPeer: who,
    });
    const held = Array.from({ length: 200 }, () => connect({ path }).on('error', () => {}));
    ending.push(() => {
      for (const socket of held) socket.destroy();
    });
    await expect.poll(() => counters.status().refused, { timeout: 10_000 }).toBe(200);
    outsider = false;
    await generate();
  });

  test.runIf(readPeer && root)('a member of a supplementary group is let in, another user is not', async () => {
    const { records } = await open({ access: { mode: 0o666 }, allow: [{ gid: 4243 }, { uid: 0 }] });
    expect(await askAs(4242, '4100,4243')).toContain('grpc-status: 0');
    expect(await askAs(4242, '4100')).toContain('grpc-status: 7');
    expect(records.map(({ outcome, peer }) => [outcome, peer?.uid])).toEqual([
      ['issued', 4242],
      ['refused', 4242],
    ]);
  });
});

/** A bare HTTP/2 call by another user, in a process of its own. */
async function askAs(uid: number, groups: string): Promise<string> {
  const program = `
    const session = require('node:http2').connect('http://localhost', { createConnection: () => require('node:net').connect(process.argv[1]) });
    const stream = session.request({ ':method': 'POST', ':path': '/tbot.credentials.v1.DynamicCredentials/GenerateIdentity', 'content-type': 'application/grpc', te: 'trailers' });
    const show = (headers) => headers['grpc-status'] && console.log('grpc-status: ' + headers['grpc-status']);
    stream.on('response', show).on('trailers', show).on('close', () => session.destroy()).resume();
    stream.end(Buffer.from(process.argv[2], 'hex'));`;
  const message = GenerateIdentityRequest.encode(
    GenerateIdentityRequest.fromPartial({ kind: { $case: 'application', value: { name: 'foo' } } }),
  ).finish();
  const frame = Buffer.concat([Buffer.from([0, 0, 0, 0, message.length]), message]).toString('hex');
  const child = spawn(
    'setpriv',
    ['--reuid', `${uid}`, '--regid', '4000', '--groups', groups, process.execPath, '-e', program, path, frame],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let text = '';
  child.stdout.on('data', (chunk) => {
    text += chunk;
  });
  await once(child, 'close');
  return text;
}

function unknownMethod(): Promise<unknown> {
  const same = (value: unknown) => value as Buffer;
  return new Promise((resolve, reject) => {
    client().makeUnaryRequest('/no.such.Service/Method', same, same, Buffer.alloc(0), (error, response) =>
      error ? reject(error) : resolve(response),
    );
  });
}
