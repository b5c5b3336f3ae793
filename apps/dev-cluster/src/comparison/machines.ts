import { BotInstanceServiceDefinition as Instances } from '@teleport-ts/api-types/proto/teleport/machineid/v1/bot_instance_service';
import { BotServiceDefinition as Bots } from '@teleport-ts/api-types/proto/teleport/machineid/v1/bot_service';
import { AuthServiceDefinition as Auth } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import { JoinServiceDefinition as Join } from '@teleport-ts/api-types/proto/teleport/proto/join_service';
import { type Comparison, call, web } from './comparison.ts';
import type { Scene } from './scene.ts';

// Tokens, bots, their instances, and joining.

const token = (Name: string, Spec: object, more: object = {}): never =>
  ({
    Token: {
      $case: 'V2',
      value: { Kind: 'token', Version: 'v2', Metadata: { Name, ...more }, Spec },
    },
  }) as never;
const forBot = { Roles: ['Bot'], JoinMethod: 'token', BotName: 'ci' };

const ofTokens: readonly Comparison[] = [
  { name: 'get', caller: 'admin', question: call(Auth, 'getToken', { Name: 'token-kept' }) },
  { name: 'get, another method', caller: 'admin', question: call(Auth, 'getToken', { Name: 'token-github' }) },
  { name: 'get, unknown', caller: 'admin', question: call(Auth, 'getToken', { Name: 'nosuch' }) },
  { name: 'get, no name', caller: 'admin', question: call(Auth, 'getToken', {}) },
  { name: 'get, no right', caller: 'bob', question: call(Auth, 'getToken', { Name: 'token-kept' }) },
  { name: 'list, no right', caller: 'bob', question: call(Auth, 'getTokens', {}) },
  { name: 'create', caller: 'admin', question: call(Auth, 'createTokenV2', token('token-made', forBot)) },
  {
    name: 'create, exists',
    caller: 'admin',
    question: call(Auth, 'createTokenV2', token('token-kept', forBot)),
    codeOnly: true,
  },
  {
    name: 'create, no roles',
    caller: 'admin',
    question: call(Auth, 'createTokenV2', token('token-x1', { JoinMethod: 'token' })),
  },
  {
    name: 'create, bot role without a bot',
    caller: 'admin',
    question: call(Auth, 'createTokenV2', token('token-x2', { Roles: ['Bot'], JoinMethod: 'token' })),
  },
  {
    name: 'create, bot without its role',
    caller: 'admin',
    question: call(Auth, 'createTokenV2', token('token-x3', { Roles: ['Node'], JoinMethod: 'token', BotName: 'ci' })),
  },
  {
    name: 'create, unknown method',
    caller: 'admin',
    question: call(Auth, 'createTokenV2', token('token-x4', { ...forBot, JoinMethod: 'nonsense' })),
  },
  {
    name: 'create, unknown role',
    caller: 'admin',
    question: call(Auth, 'createTokenV2', token('token-x5', { Roles: ['Nonsense'], JoinMethod: 'token' })),
  },
  {
    name: 'create, GitHub without rules',
    caller: 'admin',
    question: call(Auth, 'createTokenV2', token('token-x6', { ...forBot, JoinMethod: 'github' })),
  },
  { name: 'create, no name', caller: 'admin', question: call(Auth, 'createTokenV2', token('', forBot)) },
  { name: 'create, no right', caller: 'bob', question: call(Auth, 'createTokenV2', token('token-mine', forBot)) },
  { name: 'create nothing', caller: 'admin', question: call(Auth, 'createTokenV2', {}) },
  {
    name: 'upsert',
    caller: 'admin',
    question: call(Auth, 'upsertTokenV2', token('token-made', { ...forBot, Roles: ['Bot'] })),
  },
  { name: 'upsert, no right', caller: 'bob', question: call(Auth, 'upsertTokenV2', token('token-made', forBot)) },
  { name: 'delete', caller: 'admin', question: call(Auth, 'deleteToken', { Name: 'token-made' }) },
  { name: 'delete, unknown', caller: 'admin', question: call(Auth, 'deleteToken', { Name: 'nosuch' }) },
  { name: 'delete, no name', caller: 'admin', question: call(Auth, 'deleteToken', {}) },
  { name: 'delete, no right', caller: 'bob', question: call(Auth, 'deleteToken', { Name: 'token-kept' }) },
];

const bot = (name: string, spec: object = {}): never =>
  ({ bot: { kind: 'bot', version: 'v1', metadata: { name }, spec } }) as never;

const ofBots: readonly Comparison[] = [
  { name: 'get', caller: 'admin', question: call(Bots, 'getBot', { botName: 'ci' }) },
  { name: 'get, unknown', caller: 'admin', question: call(Bots, 'getBot', { botName: 'nosuch' }) },
  { name: 'get, no name', caller: 'admin', question: call(Bots, 'getBot', {}) },
  { name: 'get, no right', caller: 'bob', question: call(Bots, 'getBot', { botName: 'ci' }) },
  { name: 'get itself', caller: 'bot', question: call(Bots, 'getBot', { botName: 'ci' }) },
  { name: 'list', caller: 'admin', question: call(Bots, 'listBots', { pageSize: 10 }), eventually: true },
  { name: 'list, no right', caller: 'bob', question: call(Bots, 'listBots', {}) },
  {
    name: 'create',
    caller: 'admin',
    question: call(
      Bots,
      'createBot',
      bot('made', { roles: ['viewer'], traits: [{ name: 'logins', values: ['root'] }] }),
    ),
  },
  {
    name: 'create, space in its name',
    caller: 'admin',
    question: call(Bots, 'createBot', bot('two words', { roles: ['viewer'] })),
  },
  { name: 'create, exists', caller: 'admin', question: call(Bots, 'createBot', bot('ci', { roles: ['viewer'] })) },
  { name: 'create, empty role', caller: 'admin', question: call(Bots, 'createBot', bot('x', { roles: [''] })) },
  { name: 'create, no name', caller: 'admin', question: call(Bots, 'createBot', bot('')) },
  { name: 'create, no bot', caller: 'admin', question: call(Bots, 'createBot', {}) },
  {
    name: 'create, too long a session',
    caller: 'admin',
    question: call(Bots, 'createBot', bot('x', { maxSessionTtl: { seconds: 8n * 86_400n, nanos: 0 } })),
  },
  { name: 'create, no right', caller: 'bob', question: call(Bots, 'createBot', bot('mine')) },
  {
    name: 'update roles',
    caller: 'admin',
    question: call(Bots, 'updateBot', {
      ...(bot('made', { roles: ['deployer'] }) as object),
      updateMask: ['spec.roles'],
    } as never),
  },
  { name: 'update nothing', caller: 'admin', question: call(Bots, 'updateBot', bot('made')) },
  {
    name: 'update an unknown field',
    caller: 'admin',
    question: call(Bots, 'updateBot', { ...(bot('made') as object), updateMask: ['spec.nonsense'] } as never),
  },
  {
    name: 'update, unknown',
    caller: 'admin',
    question: call(Bots, 'updateBot', {
      ...(bot('nosuch', { roles: ['viewer'] }) as object),
      updateMask: ['spec.roles'],
    } as never),
  },
  { name: 'upsert', caller: 'admin', question: call(Bots, 'upsertBot', bot('made', { roles: ['viewer'] })) },
  { name: 'delete', caller: 'admin', question: call(Bots, 'deleteBot', { botName: 'made' }) },
  { name: 'delete, unknown', caller: 'admin', question: call(Bots, 'deleteBot', { botName: 'nosuch' }) },
  { name: 'delete, no name', caller: 'admin', question: call(Bots, 'deleteBot', {}) },
  { name: 'delete, no right', caller: 'bob', question: call(Bots, 'deleteBot', { botName: 'ci' }) },
];

const instance = (it: Scene): { botName: string; instanceId: string } => ({
  botName: 'ci',
  instanceId: it.botInstances.get('ci') ?? '',
});

const ofInstances: readonly Comparison[] = [
  { name: 'get', caller: 'admin', question: call(Instances, 'getBotInstance', instance) },
  {
    name: 'get, unknown',
    caller: 'admin',
    question: call(Instances, 'getBotInstance', { botName: 'ci', instanceId: '00000000-0000-4000-8000-000000000000' }),
    codeOnly: true,
  },
  { name: 'get, no names', caller: 'admin', question: call(Instances, 'getBotInstance', {}), codeOnly: true },
  { name: 'get, no right', caller: 'bob', question: call(Instances, 'getBotInstance', instance) },
  { name: 'list of a bot', caller: 'admin', question: call(Instances, 'listBotInstances', { filterBotName: 'stale' }) },
  {
    name: 'list of an unknown bot',
    caller: 'admin',
    question: call(Instances, 'listBotInstances', { filterBotName: 'nosuch' }),
  },
  { name: 'list, no right', caller: 'bob', question: call(Instances, 'listBotInstances', {}) },
  {
    name: 'heartbeat',
    caller: 'bot',
    question: call(Instances, 'submitHeartbeat', {
      heartbeat: { hostname: 'h', version: '18.0.0', joinMethod: 'token' },
    }),
  },
  {
    name: 'heartbeat of an output',
    caller: 'output',
    question: call(Instances, 'submitHeartbeat', { heartbeat: { hostname: 'h' } }),
  },
  {
    name: 'heartbeat of a user',
    caller: 'bob',
    question: call(Instances, 'submitHeartbeat', { heartbeat: { hostname: 'h' } }),
  },
  { name: 'empty heartbeat', caller: 'bot', question: call(Instances, 'submitHeartbeat', {}) },
  {
    name: 'read after the heartbeats',
    caller: 'admin',
    question: call(Instances, 'getBotInstance', instance),
    eventually: true,
  },
  { name: 'delete, no right', caller: 'bob', question: call(Instances, 'deleteBotInstance', instance) },
  {
    name: 'delete, unknown',
    caller: 'admin',
    question: call(Instances, 'deleteBotInstance', {
      botName: 'ci',
      instanceId: '00000000-0000-4000-8000-000000000000',
    }),
    codeOnly: true,
  },
];

const join =
  (Token: string, more: object = {}) =>
  (it: Scene): never =>
    ({
      Token,
      Role: 'Bot',
      NodeName: 'node-1',
      PublicTLSKey: it.keys.tlsPublicKey,
      PublicSSHKey: it.keys.sshPublicKey,
      ...more,
    }) as never;
const register = (...args: Parameters<typeof join>) => call(Join, 'registerUsingToken', join(...args));
const registerByWeb =
  (token: string, more: object = {}) =>
  (it: Scene): object => ({
    token,
    role: 'Bot',
    node_name: 'node-1',
    public_tls_key: it.keys.tlsPublicKey.toString('base64'),
    public_ssh_key: it.keys.sshPublicKey.toString('base64'),
    ...more,
  });

const ofJoining: readonly Comparison[] = [
  { name: 'by a token', caller: 'nobody', question: register('token-kept') },
  { name: 'by a used token', caller: 'nobody', question: register('token-kept'), eventually: true },
  { name: 'with no token', caller: 'nobody', question: register('') },
  { name: 'by an unknown token', caller: 'nobody', question: register('nosuch') },
  { name: 'by an expired token', caller: 'nobody', question: register('token-expired'), eventually: true },
  { name: 'by a token for another role', caller: 'nobody', question: register('token-node', { HostID: 'h' }) },
  { name: 'by a token for another role, no host', caller: 'nobody', question: register('token-node') },
  { name: 'by a token of another method', caller: 'nobody', question: register('token-github') },
  { name: 'by a token of a bot that is none', caller: 'nobody', question: register('token-no-bot') },
  { name: 'a locked bot', caller: 'nobody', question: register('token-locked-again') },
  { name: 'as an unknown role', caller: 'nobody', question: register('token-web', { Role: 'Nonsense' }) },
  { name: 'as no role', caller: 'nobody', question: register('token-web', { Role: '' }) },
  {
    name: 'without keys',
    caller: 'nobody',
    question: register('token-web', { PublicTLSKey: Buffer.alloc(0), PublicSSHKey: Buffer.alloc(0) }),
  },
  {
    name: 'for 300 hours',
    caller: 'nobody',
    question: call(
      Join,
      'registerUsingToken',
      (it) => ({ ...(join('token-capped')(it) as object), Expires: it.inMs(300 * 3_600_000) }) as never,
    ),
  },
  { name: 'by web', caller: 'nobody', question: web('POST', '/webapi/host/credentials', registerByWeb('token-web')) },
  {
    name: 'by web, unknown token',
    caller: 'nobody',
    question: web('POST', '/webapi/host/credentials', registerByWeb('nosuch')),
  },
  {
    name: 'by web, another role',
    caller: 'nobody',
    question: web('POST', '/webapi/host/credentials', registerByWeb('token-node', { host_id: 'h' })),
  },
  {
    differs: "the text is that of Go's JSON reader",
    at: ['message'],
    name: 'by web, no JSON',
    caller: 'nobody',
    question: web('POST', '/webapi/host/credentials', 'nonsense'),
  },
  { name: 'by web, nothing', caller: 'nobody', question: web('POST', '/webapi/host/credentials', {}) },
  { name: 'by web, with GET', caller: 'nobody', question: web('GET', '/webapi/host/credentials') },
];

const named = (what: string, list: readonly Comparison[]): Comparison[] =>
  list.map((comparison) => ({ ...comparison, name: `${what}: ${comparison.name}` }));

export const machines: readonly Comparison[] = [
  ...named('tokens', ofTokens),
  ...named('bots', ofBots),
  ...named('instances', ofInstances),
  ...named('joining', ofJoining),
];
