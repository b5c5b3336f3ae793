import { mkdirSync, readdirSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { TeleportError } from '@teleport-ts/api-types';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { TemporaryDirectory } from '../testing/temporary-directory.ts';
import { answerTo, CONTROL_VERSION } from './control.ts';
import { ControlSocket, callControlSocket } from './control-socket.ts';

const request = (operation: string, fields: unknown = {}) => ({ version: CONTROL_VERSION, operation, fields });
const echo = async (operation: string, fields: unknown): Promise<unknown> => ({ operation, fields });

it('passes on what is asked and what is answered, however long, and leaves nothing behind', async () => {
  await using directory = await TemporaryDirectory.create();
  {
    await using _ = await ControlSocket.open(directory.path, echo);
    const fields = { text: 'ü\n'.repeat(200_000) };
    expect(await callControlSocket(directory.path, request('say', fields))).toEqual({
      result: { operation: 'say', fields },
    });
    expect(statSync(directory.join('control.sock')).mode & 0o777).toBe(0o600);
  }
  expect(readdirSync(directory.path)).toEqual([]);
  expect(await callControlSocket(directory.path, request('say'))).toBeUndefined();
});

it('is reached in a directory whose path is too long for a socket', async () => {
  await using directory = await TemporaryDirectory.create();
  const deep = directory.join('d'.repeat(120), 'e'.repeat(120));
  mkdirSync(deep, { recursive: true });
  await using _ = await ControlSocket.open(deep, echo);
  expect(readdirSync(deep)).toEqual(['control.sock']);
  expect(await callControlSocket(deep, request('say'))).toEqual({ result: { operation: 'say', fields: {} } });
});

it('tells a failure with its code and hint', async () => {
  await using directory = await TemporaryDirectory.create();
  await using _ = await ControlSocket.open(directory.path, async () => {
    throw new TeleportError('not_found', 'there is none', { hint: 'make one' });
  });
  await expect(callControlSocket(directory.path, request('get'))).rejects.toMatchObject({
    code: 'not_found',
    message: 'there is none',
    hint: 'make one',
  });
});

it('says so when the cluster ends before it has answered', async () => {
  await using directory = await TemporaryDirectory.create();
  let ask = (): void => {};
  const asked = new Promise<void>((resolve) => {
    ask = resolve;
  });
  const control = await ControlSocket.open(directory.path, () => {
    ask();
    return new Promise(() => {});
  });
  const call = callControlSocket(directory.path, request('wait'));
  const failed = expect(call).rejects.toMatchObject({ code: 'connection_problem' });
  await asked;
  await control[Symbol.asyncDispose]();
  await failed;
});

it('survives a client that leaves in the middle', async () => {
  await using directory = await TemporaryDirectory.create();
  await using _ = await ControlSocket.open(directory.path, echo);
  for (const text of ['', '{"version":', '\n\n']) {
    await new Promise<void>((resolve) => {
      const socket = connect(directory.join('control.sock'), () => socket.end(text));
      socket.resume().on('error', () => {});
      socket.once('close', () => resolve());
    });
  }
  expect(await callControlSocket(directory.path, request('say'))).toBeDefined();
});

it('answers anything that is no command as a bad one', async () => {
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.string(), fc.json()), async (line) => {
      expect(await answerTo(line, echo)).toMatchObject({ error: { code: 'bad_parameter' } });
    }),
    { numRuns: 200 },
  );
  expect(await answerTo(JSON.stringify({ ...request('say'), version: 2 }), echo)).toMatchObject({
    error: { code: 'version_mismatch', hint: expect.stringContaining('dev-cluster') },
  });
});
