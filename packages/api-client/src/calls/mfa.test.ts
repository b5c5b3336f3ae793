import { TeleportError } from '@teleport-ts/api-types';
import { AuthServiceDefinition } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import type { DevCluster } from '@teleport-ts/dev-cluster';
import { FakeClock, type SecurityKey, startSampleCluster } from '@teleport-ts/dev-cluster/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CallPolicy, type Client, connect, loadIdentityString, type MfaPrompt } from '../index.ts';
import { FakeCluster } from '../testing/index.ts';

const RPC = '/proto.AuthService/DeleteRole';
const refusal = new TeleportError('access_denied', 'admin-level API request requires MFA verification');

let cluster: DevCluster;
let key: SecurityKey;

beforeAll(async () => {
  ({ cluster } = await startSampleCluster());
  cluster.upsertRole({ name: 'admin', allow: { rules: [{ resources: ['*'], verbs: ['*'] }] } });
  for (const name of ['alice', 'carol']) cluster.upsertUser({ name, roles: ['admin'] });
  key = cluster.addSecurityKey({ user: 'alice' });
});

afterAll(async () => {
  await cluster?.stop();
});

async function as(user: string, policy: CallPolicy = {}): Promise<Client> {
  const { identityFile } = await cluster.issueUserCredentials({ user });
  return connect({ addresses: [cluster.authAddress], credentials: loadIdentityString(identityFile), ...policy });
}

const deleteRole = (client: Client, options = {}) =>
  client.unary(AuthServiceDefinition, 'deleteRole', { Name: 'nosuch' }, options);

const touch: MfaPrompt = async ({ WebauthnChallenge }) => ({
  $case: 'Webauthn',
  value: key.assert(WebauthnChallenge!),
});

describe('a call that wants a second factor', () => {
  test('fails with a code of its own, and says what to do', async () => {
    await using client = await as('alice');
    await expect(deleteRole(client)).rejects.toMatchObject({
      code: 'mfa_required',
      rpc: RPC,
      retryable: false,
      hint: expect.stringMatching(/bot.*`mfa` of connect/),
    });
    await expect(client.unary(AuthServiceDefinition, 'getRole', { Name: 'admin' })).resolves.toBeDefined();
  });

  test('goes on with the answer of the prompt, once', async () => {
    const asked: string[] = [];
    const mfa: MfaPrompt = async (challenge, context) => {
      asked.push(context.rpc);
      return touch(challenge, context);
    };
    await using client = await as('alice', { mfa });
    // The role is looked for: the second factor was good.
    await expect(deleteRole(client)).rejects.toMatchObject({ code: 'not_found' });
    await expect(deleteRole(client)).rejects.toMatchObject({ code: 'not_found' });
    expect(asked).toEqual([RPC, RPC]);
  });

  test('asks one after another, not all at once', async () => {
    let open = 0;
    let most = 0;
    const mfa: MfaPrompt = async (challenge, context) => {
      open += 1;
      most = Math.max(most, open);
      await new Promise((resolve) => setImmediate(resolve));
      open -= 1;
      return touch(challenge, context);
    };
    await using client = await as('alice', { mfa });
    const all = await Promise.allSettled(Array.from({ length: 5 }, () => deleteRole(client)));
    expect(all.map((one) => one.status === 'rejected' && one.reason.code)).toEqual(Array(5).fill('not_found'));
    expect(most).toBe(1);
  });

  test('is refused with a wrong answer, and not asked for again', async () => {
    let asked = 0;
    const mfa: MfaPrompt = async (challenge, context) => {
      asked += 1;
      const answer = await touch(challenge, context);
      if (answer.$case === 'Webauthn') answer.value!.response!.signature = Buffer.from('nonsense');
      return answer;
    };
    await using client = await as('alice', { mfa });
    await expect(deleteRole(client)).rejects.toMatchObject({ code: 'access_denied', message: 'access denied' });
    expect(asked).toBe(1);
  });

  test('rejects with what the prompt throws', async () => {
    const gone = new Error('nobody is there');
    await using client = await as('alice', { mfa: () => Promise.reject(gone) });
    await expect(deleteRole(client)).rejects.toBe(gone);
  });

  test('tells a user without a device what is missing, and asks nobody', async () => {
    await using client = await as('carol', { mfa: () => Promise.reject(new Error('asked')) });
    await expect(deleteRole(client)).rejects.toMatchObject({
      code: 'mfa_required',
      hint: expect.stringContaining('tsh mfa add'),
    });
  });

  test('is no matter for a bot', async () => {
    await cluster.upsertBot({ name: 'ci', roles: ['deployer'] });
    cluster.upsertRole({ name: 'bot-ci', allow: { rules: [{ resources: ['role'], verbs: ['*'] }] } });
    const { identityFile } = await cluster.issueUserCredentials({ user: 'bot-ci' });
    await using client = await connect({
      addresses: [cluster.authAddress],
      credentials: loadIdentityString(identityFile),
    });
    await expect(deleteRole(client)).rejects.toMatchObject({ code: 'not_found' });
  });
});

describe('a prompt that takes its time', () => {
  const waiting = () => {
    const clock = new FakeClock();
    const fake = new FakeCluster({ clock });
    fake.handle(AuthServiceDefinition, {
      deleteRole: () => {
        throw refusal;
      },
      createAuthenticateChallenge: () => ({ TOTP: {} }),
    });
    let prompted: (signal: AbortSignal) => void = () => {};
    const shown = new Promise<AbortSignal>((resolve) => {
      prompted = resolve;
    });
    const client = fake.connect({
      mfa: (_, { signal }) => {
        prompted(signal);
        return new Promise(() => {});
      },
    });
    return { clock, fake, client, shown };
  };

  test('may take longer than a call, but not longer than the caller allows', async () => {
    const { clock, client, shown } = waiting();
    const calling = deleteRole(client, { timeoutMs: 600_000 });
    calling.catch(() => {});
    const signal = await shown;
    await clock.advance(599_000);
    expect(signal.aborted).toBe(false);
    await clock.advance(1_000);
    expect(signal.aborted).toBe(true);
    await expect(calling).rejects.toMatchObject({ code: 'timeout', cause: { code: 'mfa_required' } });
    await client.close();
    expect(clock.timers).toBe(0);
  });

  test('ends with the caller’s signal, and with the client', async () => {
    const { client, shown } = waiting();
    const controller = new AbortController();
    const calling = deleteRole(client, { signal: controller.signal });
    await shown;
    const reason = new Error('enough');
    controller.abort(reason);
    await expect(calling).rejects.toBe(reason);
    const other = waiting();
    const closed = deleteRole(other.client);
    closed.catch(() => {});
    await other.shown;
    await other.client.close();
    await expect(closed).rejects.toMatchObject({ code: 'canceled', message: 'the client is closed' });
  });
});
