import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { TeleportError } from '@teleport-ts/api-types';
import { AuthServiceDefinition } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import { expect, test } from 'vitest';
import { DIAGNOSTICS, type MfaPrompt } from '../index.ts';
import { FakeCluster } from './index.ts';

const readme = await readFile(new URL('../../README.md', import.meta.url), 'utf8');

/** The program of the README that holds this text, to be run with these names in scope. */
function program(having: string, scope: object, ending = ''): () => Promise<unknown> {
  const blocks = [...readme.matchAll(/```ts\n(.*?)```/gs)].map(([, code = '']) => code);
  const code = blocks.find((block) => block.includes(having))?.replace(/^import .*;\n/gm, '');
  const AsyncFunction = (async () => {}).constructor as new (
    ...parameters: string[]
  ) => (...values: unknown[]) => Promise<unknown>;
  if (code === undefined) throw new Error(`no program of the README has ${having}`);
  return () => new AsyncFunction(...Object.keys(scope), `${code}\n${ending}`)(...Object.values(scope));
}

test('the test of the README runs', async () => {
  await program('FakeCluster', { assert, FakeCluster, AuthServiceDefinition })();
});

test('so does what it does with a status', async () => {
  const client = new FakeCluster().connect();
  const printed: unknown[] = [];
  const print = (status: unknown): void => {
    printed.push(status);
    void client.close();
  };
  await program('client.status()', { client, console: { log: print } })();
  expect(printed).toMatchObject([{ type: 'ready', serverVersion: expect.stringMatching(/^18\./) }]);
});

test('its prompt for a second factor is asked, and its answer sent', async () => {
  const assertion = { type: 'public-key', rawId: Buffer.from('key') };
  const asked: string[] = [];
  const scope = { console: { error: (text: string) => asked.push(text) }, touchSecurityKey: async () => assertion };
  const mfa = (await program('const mfa', scope, 'return mfa;')()) as MfaPrompt;
  const cluster = new FakeCluster();
  cluster.handle(AuthServiceDefinition, {
    createAuthenticateChallenge: () => ({ WebauthnChallenge: { publicKey: { rpId: 'fake' } } }),
    deleteRole: (_, { metadata }) => {
      const answer = metadata.mfa_challenge_response;
      if (!answer) throw new TeleportError('access_denied', 'admin-level API request requires MFA verification');
      expect(JSON.parse(Buffer.from(answer, 'base64').toString())).toEqual({
        Webauthn: { type: 'public-key', rawId: Buffer.from('key').toString('base64') },
      });
      return {};
    },
  });
  await using client = cluster.connect({ mfa });
  await client.unary(AuthServiceDefinition, 'deleteRole', { Name: 'x' });
  expect(asked).toEqual(['/proto.AuthService/DeleteRole needs your security key']);
});

test('the names of the channels are right', () => {
  for (const channel of Object.values(DIAGNOSTICS)) expect(readme).toContain(`\`${channel}\``);
});
