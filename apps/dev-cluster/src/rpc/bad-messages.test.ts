import { isTeleportError } from '@teleport-ts/api-types';
import { AuditLogServiceDefinition } from '@teleport-ts/api-types/proto/teleport/auditlog/v1/audit_log_service';
import { ClusterConfigServiceDefinition } from '@teleport-ts/api-types/proto/teleport/clusterconfig/v1/cluster_config_service';
import { BotInstanceServiceDefinition } from '@teleport-ts/api-types/proto/teleport/machineid/v1/bot_instance_service';
import { BotServiceDefinition } from '@teleport-ts/api-types/proto/teleport/machineid/v1/bot_service';
import { PresenceServiceDefinition } from '@teleport-ts/api-types/proto/teleport/presence/v1/presence_service';
import { AuthServiceDefinition } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import { JoinServiceDefinition } from '@teleport-ts/api-types/proto/teleport/proto/join_service';
import { TrustServiceDefinition } from '@teleport-ts/api-types/proto/teleport/trust/v1/trust_service';
import { UsersServiceDefinition } from '@teleport-ts/api-types/proto/teleport/users/v1/users_service';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { DevCluster } from '../dev-cluster.ts';
import { anonymousClient, userClient } from '../testing/wire-bot.ts';
import type { WireClient, WireStatus } from '../testing/wire-client.ts';

// Random messages at every method: whoever sends them is answered, and never by a failure of the server itself.

/** What exists in the cluster, and what has a meaning somewhere: otherwise nothing would get past the first check. */
const WORDS = [
  ...['alice', 'bot-ci', 'ci', 'boss', 'deployer', 'foo', 'dev.cluster', 'host', 'user', 'db', 'app_server', 'node'],
  ...['default', 'token', 'init', 'standby', 'v7', '*', '', ' ', '/', '../..', '__proto__', 'constructor', '\u0000'],
  ...[
    'name == "foo"',
    'labels["a"] ==',
    '{{internal.logins}}',
    '^(a+)+$',
    '9999-99-99',
    'ssh-rsa AAAA',
    'foo.localhost',
  ],
];

/** A field with a number and a wire type that may or may not be the right ones, and content that fits the wire type. */
const field = fc.letrec<{ message: Buffer; field: Buffer }>((tie) => ({
  message: fc.array(tie('field'), { maxLength: 5 }).map((fields) => Buffer.concat(fields)),
  field: fc
    .tuple(
      fc.oneof({ weight: 9, arbitrary: fc.integer({ min: 1, max: 12 }) }, fc.integer({ min: 13, max: 300 })),
      fc.oneof(
        { depthSize: 'small' },
        fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((value) => [0, varint(value)] as const),
        fc.integer({ min: 0, max: 20 }).map((value) => [0, varint(BigInt(value))] as const),
        fc.constantFrom(...WORDS).map((text) => [2, withLength(Buffer.from(text))] as const),
        fc.string({ unit: 'binary', maxLength: 20 }).map((text) => [2, withLength(Buffer.from(text))] as const),
        fc.uint8Array({ maxLength: 12 }).map((bytes) => [2, withLength(Buffer.from(bytes))] as const),
        tie('message').map((message) => [2, withLength(message)] as const),
      ),
    )
    .map(([number, [type, content]]) => Buffer.concat([varint(BigInt(number * 8 + type)), content])),
}));

function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = value;
  do {
    bytes.push(Number(rest & 127n) | (rest > 127n ? 128 : 0));
    rest >>= 7n;
  } while (rest > 0n);
  return Buffer.from(bytes);
}

const withLength = (bytes: Buffer): Buffer => Buffer.concat([varint(BigInt(bytes.length)), bytes]);

const SERVICES = [
  AuditLogServiceDefinition,
  AuthServiceDefinition,
  BotInstanceServiceDefinition,
  BotServiceDefinition,
  ClusterConfigServiceDefinition,
  JoinServiceDefinition,
  PresenceServiceDefinition,
  TrustServiceDefinition,
  UsersServiceDefinition,
];

interface Method {
  readonly path: string;
  /** Answered by many messages. */
  readonly isStream: boolean;
  readonly request: {
    create(): Record<string, unknown>;
    encode(message: unknown): { finish(): Uint8Array };
    decode(bytes: Uint8Array): unknown;
  };
}

const ALL_METHODS: Method[] = SERVICES.flatMap(({ fullName, methods }) =>
  Object.values(methods)
    .filter(({ requestStream }) => !requestStream)
    .map(({ name, requestType, responseStream }) => ({
      path: `/${fullName}/${name}`,
      isStream: responseStream,
      request: requestType as unknown as Method['request'],
    })),
);

/** The message's own scalar fields, some of them set to something. */
function ownFields({ request }: Method): fc.Arbitrary<Buffer> {
  const scalars = Object.entries(request.create()).flatMap(([name, value]): [string, fc.Arbitrary<unknown>][] => {
    if (typeof value === 'string') return [[name, fc.constantFrom(...WORDS)]];
    if (typeof value === 'number') return [[name, fc.oneof(fc.nat({ max: 9 }), fc.constantFrom(-1, 2 ** 31 - 1))]];
    if (typeof value === 'boolean') return [[name, fc.boolean()]];
    if (typeof value === 'bigint') return [[name, fc.constantFrom(0n, 1n, -1n, 2n ** 62n)]];
    return [];
  });
  return fc
    .record(Object.fromEntries(scalars), { requiredKeys: [] })
    .map((fields) => Buffer.from(request.encode({ ...request.create(), ...fields }).finish()));
}

/** Fields are merged when messages are put one behind the other. */
const message = (method: Method): fc.Arbitrary<Buffer> =>
  fc.oneof(
    ownFields(method),
    fc.tuple(ownFields(method), field.message).map((parts) => Buffer.concat(parts)),
    field.message,
  );

const callsOf = (methods: readonly Method[]): fc.Arbitrary<[Method, Buffer]> =>
  fc.constantFrom(...methods).chain((method) => fc.tuple(fc.constant(method), message(method)));

const UNIMPLEMENTED = 12;
const bytes = (value: Buffer): Buffer => value;

/** How a call failed, if it did. Of an answer in many messages the first is enough: a watch would go on for ever. */
async function failureOf(
  client: WireClient,
  { path, isStream }: Method,
  sent: Buffer,
): Promise<WireStatus | undefined> {
  try {
    if (!isStream) {
      await client.raw(path, sent, bytes, bytes);
      return undefined;
    }
    const stream = client.rawStream(path, sent);
    try {
      for await (const _message of stream) break;
    } finally {
      stream.on('error', () => {});
      stream.cancel();
    }
    return undefined;
  } catch (error) {
    return error as WireStatus;
  }
}

let cluster: DevCluster;
let admin: WireClient;
let anonymous: WireClient;
/** The methods that the cluster knows. */
let methods: Method[];
/** What the program itself has thrown. */
const thrown: unknown[] = [];

async function restore(): Promise<void> {
  const everything = { rules: [{ resources: ['*'], verbs: ['*'] }], impersonate: { users: ['*'], roles: ['*'] } };
  cluster.upsertRole({ name: 'boss', allow: { ...everything, appLabels: { '*': '*' } } });
  cluster.upsertUser({ name: 'alice', roles: ['boss'] });
  for (const lock of cluster.locks) cluster.unlock(lock.Metadata?.Name ?? '');
}

beforeAll(async () => {
  const ignore = (): void => {};
  const debug = (fields: object): void => {
    const { error } = fields as { error?: unknown };
    if (error !== undefined && !isTeleportError(error)) thrown.push(error);
  };
  const logger = { debug, info: ignore, warn: ignore, error: ignore };
  cluster = await DevCluster.start({ logger, leaves: [{ name: 'leaf.test', roleMap: { boss: ['boss'] } }] });
  await restore();
  await cluster.upsertBot({ name: 'ci', roles: ['boss'] });
  await cluster.addApplication({ name: 'foo' });
  admin = await userClient(cluster, 'alice');
  anonymous = anonymousClient(cluster);
  const failures = await Promise.all(ALL_METHODS.map((method) => failureOf(anonymous, method, Buffer.alloc(0))));
  methods = ALL_METHODS.filter((_, index) => failures[index]?.code !== UNIMPLEMENTED);
  expect(methods.length).toBeGreaterThan(50);
  expect(methods.filter(({ isStream }) => isStream).length).toBeGreaterThanOrEqual(4);
});
afterAll(async () => {
  admin.close();
  anonymous.close();
  await cluster.stop();
});

it.each([
  ['an administrator', () => admin],
  ['nobody in particular', () => anonymous],
])(
  'by %s is answered, and never by a failure of the cluster itself',
  async (_who, client) => {
    const counts = new Map<number, number>();
    await fc.assert(
      fc.asyncProperty(callsOf(methods), async ([method, sent]) => {
        const { path, request } = method;
        await restore();
        thrown.length = 0;
        const failed = await failureOf(client(), method, sent);
        counts.set(failed?.code ?? 0, (counts.get(failed?.code ?? 0) ?? 0) + 1);
        expect(thrown, path).toEqual([]);
        // Whoever is cut off or waits has not been answered.
        expect([4, 14], `${path}: ${failed?.details}`).not.toContain(failed?.code);
        // As with the real one: what cannot be decoded, and nothing else.
        if (failed?.code === 13) expect(() => request.decode(sent), `${path}: ${failed.details}`).toThrow();
      }),
      { numRuns: process.env.SOAK ? 50_000 : 300 },
    );
    if (process.env.SOAK) console.log(`answers by code: ${JSON.stringify(Object.fromEntries([...counts].sort()))}`);
    expect(await anonymous.call(AuthServiceDefinition, 'ping', {})).toMatchObject({ ClusterName: cluster.name });
  },
  process.env.SOAK ? 3_600_000 : 120_000,
);
