import { once } from 'node:events';
import { AuthServiceDefinition as Auth } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import { Event, Watch } from '@teleport-ts/api-types/proto/teleport/proto/event';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { DevCluster } from '../dev-cluster.ts';
import { Collected } from '../testing/collected.ts';
import { FakeClock } from '../testing/fake-clock.ts';
import { recordedMessage, recordedStatus, settled } from '../testing/recorded.ts';
import { anonymousClient, userClient } from '../testing/wire-bot.ts';
import type { WireClient } from '../testing/wire-client.ts';
import { toTimestamp } from '../timestamps.ts';

let clock: FakeClock;
let cluster: DevCluster;
let alice: WireClient;
let bob: WireClient;
const open: Collected<Event>[] = [];

beforeAll(async () => {
  clock = new FakeClock();
  cluster = await DevCluster.start({ name: 'root.example', clock });
  cluster.upsertRole({ name: 'admin', allow: { rules: [{ resources: ['*'], verbs: ['*'] }] } });
  cluster.upsertRole({ name: 'nothing' });
  cluster.upsertUser({ name: 'alice', roles: ['admin'] });
  cluster.upsertUser({ name: 'bob', roles: ['nothing'] });
  alice = await userClient(cluster, 'alice');
  bob = await userClient(cluster, 'bob');
});

afterAll(async () => {
  alice.close();
  bob.close();
  await cluster.stop();
});

afterEach(() => {
  for (const stream of open.splice(0)) stream.cancel();
});

type Kinds = Parameters<typeof Watch.fromPartial>[0]['Kinds'];

function watch(client: WireClient, request: Parameters<typeof Watch.fromPartial>[0]): Collected<Event> {
  const stream = new Collected(client.stream(Auth, 'watchEvents', request));
  open.push(stream);
  return stream;
}

/** A watch whose first event has come. */
async function watching(Kinds: NonNullable<Kinds>, client = alice): Promise<Collected<Event>> {
  const stream = watch(client, { Kinds });
  await stream.next();
  return stream;
}

const recordedWatch = (name: string) => recordedMessage(`watch/${name}.request`, Watch);
const refusal = (client: WireClient, request: Parameters<typeof Watch.fromPartial>[0]) =>
  watch(client, request).status();

describe('a watch is confirmed', () => {
  it('with the kinds that were asked for', async () => {
    for (const [request, first] of [
      ['events', '00-init-watch-status'],
      ['bot-ca', 'bot-ca.00'],
    ] as const) {
      const event = await watch(alice, recordedWatch(request)).next();
      expect(settled(event)).toEqual(settled(recordedMessage(`watch/${first}`, Event)));
    }
  });

  it('with those among them that the caller may read, if that will do', async () => {
    const event = await watch(bob, recordedWatch('partial')).next();
    expect(settled(event)).toEqual(settled(recordedMessage('watch/partial.00', Event)));
    const { Resource } = await watch(alice, {
      Kinds: [{ Kind: 'nope' }, { Kind: 'role' }, { Kind: 'bot_instance' }],
      AllowPartialSuccess: true,
    }).next();
    expect(Resource?.$case === 'WatchStatus' && Resource.value.Spec?.Kinds.map(({ Kind }) => Kind)).toEqual(['role']);
  });

  it('without a right for what is the own', async () => {
    await watching([{ Kind: 'access_request', Filter: new Map([['user', 'bob']]) }], bob);
    await watching([{ Kind: 'web_session', SubKind: 'app_session', Filter: new Map([['user', 'bob']]) }], bob);
  });
});

describe('a watch is refused', () => {
  it('in the words of the real one', async () => {
    expect(await refusal(alice, recordedWatch('no-kinds'))).toEqual(recordedStatus('watch/no-kinds'));
    expect(await refusal(bob, recordedWatch('refused'))).toEqual(recordedStatus('watch/refused'));
    expect(await refusal(bob, recordedWatch('partial-none'))).toEqual(recordedStatus('watch/partial-none'));
    using none = anonymousClient(cluster);
    expect(await refusal(none, { Kinds: [{ Kind: 'cert_authority' }] })).toEqual({
      code: 7,
      details: 'access denied to perform action "readnosecrets" on "cert_authority"',
    });
  });

  it.each([
    [{ Kind: 'nope' }, 'cache "auth" does not support watching resource "nope"'],
    [{ Kind: 'web_session' }, 'cache "auth" does not support watching resource "web_session"'],
    [{ Kind: 'role', SubKind: 'x' }, 'cache "auth" does not support watching resource "role"'],
    [{ Kind: 'role', LoadSecrets: true }, 'cache "auth" does not support watching resource "role"'],
    [{ Kind: 'access_request', Filter: new Map([['a', 'b']]) }, 'unknown filter key a'],
    [{ Kind: 'access_request', Filter: new Map([['state', 'X']]) }, 'unknown request state: "X"'],
  ])('for %j', async (kind, details) => {
    expect(await refusal(alice, { Kinds: [kind] })).toEqual({ code: 3, details });
  });

  it('when nothing is left of it', async () => {
    expect(await refusal(alice, { Kinds: [{ Kind: 'nope' }], AllowPartialSuccess: true })).toEqual({
      code: 3,
      details: 'cache "auth" does not support any of the requested resources',
    });
  });
});

describe('events', () => {
  it('hold what was written in full, and the header of what was deleted', async () => {
    const events = await watching([{ Kind: 'role' }, { Kind: 'lock' }]);
    const role = recordedMessage('watch/01-put-role', Event).Resource;
    const lock = recordedMessage('watch/08-put-lock', Event).Resource;
    if (role?.$case !== 'Role' || lock?.$case !== 'Lock') throw new Error('not what was recorded');
    const same = async (name: string) =>
      expect(settled(await events.next()), name).toEqual(settled(recordedMessage(`watch/${name}`, Event)));
    await alice.call(Auth, 'upsertRoleV2', { Role: role.value });
    await same('01-put-role');
    await alice.call(Auth, 'deleteRole', { Name: 'temp' });
    await same('07-delete-role');
    await alice.call(Auth, 'upsertLock', lock.value);
    await same('08-put-lock');
    await alice.call(Auth, 'deleteLock', { Name: lock.value.Metadata?.Name ?? '' });
    await same('09-delete-lock');
  });

  it('are those of the kinds asked for, each once, in their order', async () => {
    const events = await watching([{ Kind: 'user' }, { Kind: 'user' }]);
    cluster.upsertRole({ name: 'other' });
    for (const name of ['carol', 'dave']) cluster.upsertUser({ name, roles: [] });
    for (const name of ['carol', 'dave']) {
      const { Resource } = await events.next();
      expect(Resource?.$case === 'User' && Resource.value.Metadata?.Name).toBe(name);
    }
  });

  it('of applications name the host of what was removed', async () => {
    const events = await watching([{ Kind: 'app_server' }]);
    await cluster.addApplication({ name: 'foo' });
    const put = (await events.next()).Resource;
    cluster.removeApplication('foo');
    const removed = (await events.next()).Resource;
    if (put?.$case !== 'AppServer' || removed?.$case !== 'ResourceHeader') throw new Error('not what was expected');
    expect(removed.value).toMatchObject({
      Kind: 'app_server',
      Version: 'v3',
      Metadata: { Name: 'foo', Namespace: 'default', Description: put.value.Spec?.HostID },
    });
  });

  it('of authorities are filtered by type and cluster, and hold private keys only where asked for', async () => {
    const filtered = await watching([
      {
        Kind: 'cert_authority',
        Filter: new Map([
          ['okta', '*'],
          ['jwt', 'other'],
        ]),
      },
    ]);
    const secret = await watching([{ Kind: 'cert_authority', LoadSecrets: true }]);
    await cluster.rotate('jwt', 'init');
    await cluster.rotate('okta', 'init');
    const keys = async (events: Collected<Event>) => {
      const { Resource } = await events.next();
      if (Resource?.$case !== 'CertAuthority') throw new Error('no authority');
      const [key] = Resource.value.Spec?.ActiveKeys?.JWT ?? [];
      return [Resource.value.SubKind, key?.PrivateKey.toString().slice(0, 27)];
    };
    expect(await keys(filtered)).toEqual(['okta', '']);
    expect(await keys(secret)).toEqual(['jwt', '-----BEGIN PRIVATE KEY-----']);
    expect(await keys(secret)).toEqual(['okta', '-----BEGIN PRIVATE KEY-----']);
  });

  it('wait for a reader that pauses', async () => {
    const warnings: string[] = [];
    const warned = ({ message }: Error) => warnings.push(message);
    process.on('warning', warned);
    const stream = alice.stream(Auth, 'watchEvents', { Kinds: [{ Kind: 'user' }] });
    await once(stream, 'data');
    stream.pause();
    const traits = { padding: ['x'.repeat(2000)] };
    for (let i = 0; i < 500; i++) cluster.upsertUser({ name: 'carol', roles: [], traits });
    let count = 0;
    for await (const _event of stream) if (++count === 500) break;
    stream.cancel();
    process.off('warning', warned);
    expect(warnings).toEqual([]);
  });

  it('tell of what expires, at its time', async () => {
    const events = await watching([{ Kind: 'token' }]);
    const value = {
      Metadata: { Name: 'short', Expires: toTimestamp(clock.now() + 5000) },
      Spec: { Roles: ['Node'], JoinMethod: 'token' },
    };
    await alice.call(Auth, 'upsertTokenV2', { Token: { $case: 'V2', value } } as never);
    expect((await events.next()).Resource?.$case).toBe('ProvisionToken');
    await clock.advance(5000);
    expect((await events.next()).Resource).toMatchObject({
      $case: 'ResourceHeader',
      value: { Kind: 'token', Version: 'v2', Metadata: { Name: 'short' } },
    });
  });
});

describe('a watch ends', () => {
  it('with a reset of the fan-out', async () => {
    const events = await watching([{ Kind: 'role' }]);
    cluster.resetWatches();
    expect(await events.status()).toEqual({ code: 0, details: '' });
    await watching([{ Kind: 'role' }]);
  });

  it('not with a lock', async () => {
    const events = await watching([{ Kind: 'node' }, { Kind: 'cert_authority' }], bob);
    const lock = cluster.lock({ user: 'bob' });
    expect(await refusal(bob, { Kinds: [{ Kind: 'node' }] })).toEqual({ code: 7, details: 'access denied' });
    await cluster.rotate('spiffe', 'init');
    expect((await events.next()).Resource?.$case).toBe('CertAuthority');
    cluster.unlock(lock);
  });

  it('with a restart, and leaves nothing behind', async () => {
    const events = await watching([{ Kind: 'token' }]);
    await cluster.restart();
    expect((await events.status()).code).toBe(14);
    await watching([{ Kind: 'token' }]);
  });
});
