import { AuditLogServiceDefinition as AuditLogs } from '@teleport-ts/api-types/proto/teleport/auditlog/v1/audit_log_service';
import { ClusterConfigServiceDefinition as Config } from '@teleport-ts/api-types/proto/teleport/clusterconfig/v1/cluster_config_service';
import { BotServiceDefinition as Bots } from '@teleport-ts/api-types/proto/teleport/machineid/v1/bot_service';
import { AuthServiceDefinition as Auth } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import { ProvisionTokenV2 } from '@teleport-ts/api-types/proto/teleport/types/provision_token';
import { UsersServiceDefinition as Users } from '@teleport-ts/api-types/proto/teleport/users/v1/users_service';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type AdministeredCluster, startAdministeredCluster } from '../testing/administered-cluster.ts';
import { WireBot } from '../testing/wire-bot.ts';
import { wireStatus } from '../testing/wire-client.ts';
import { toTimestamp } from '../timestamps.ts';

let scene: AdministeredCluster;
let { clock, cluster, admin, viewer } = {} as AdministeredCluster;

beforeAll(async () => {
  scene = await startAdministeredCluster();
  ({ clock, cluster, admin, viewer } = scene);
});

afterAll(() => scene[Symbol.asyncDispose]());

const wide = () => ({ StartDate: toTimestamp(clock.now() - 3_600_000), EndDate: toTimestamp(clock.now() + 3_600_000) });

/** The codes of what happened since, oldest first. */
async function codesAfter(work: () => Promise<unknown>): Promise<string[]> {
  const before = await admin.call(Auth, 'getEvents', { ...wide(), Order: 1, Limit: 1 });
  await work();
  const after = await admin.call(Auth, 'getEvents', { ...wide(), StartKey: before.LastKey, Limit: 500 });
  return after.Items.map(({ Event }) => Event?.value.Metadata?.Code ?? '');
}

it('tells what administrators do', async () => {
  const codes = await codesAfter(async () => {
    const role = await admin.call(Auth, 'createRole', { Role: { Metadata: { Name: 'r' } } });
    await admin.call(Auth, 'updateRole', { Role: role });
    const { user } = await admin.call(Users, 'createUser', { user: { Metadata: { Name: 'u' } } });
    await admin.call(Users, 'updateUser', { user: user! });
    await admin.call(Users, 'deleteUser', { name: 'u' });
    await admin.call(Auth, 'deleteRole', { Name: 'r' });
    await admin.call(Auth, 'upsertLock', { Metadata: { Name: 'l' }, Spec: { Target: { User: 'nobody' } } });
    await admin.call(Auth, 'deleteLock', { Name: 'l' });
    const bot = { metadata: { name: 'b' }, spec: { roles: ['viewer'] } };
    await admin.call(Bots, 'createBot', { bot });
    await admin.call(Bots, 'updateBot', { bot, updateMask: ['spec.roles'] });
    await admin.call(Bots, 'deleteBot', { botName: 'b' });
    const Spec = { SecondFactors: [1 as const], signatureAlgorithmSuite: 1 as const };
    await admin.call(Config, 'upsertAuthPreference', { authPreference: { Spec } });
  });
  expect(codes.join(' ')).toBe(
    'T9000I T9002I T1002I T1003I T1004I T9001I TLK00I TLK01I TB001I TB002I TB003I TCAUTH001I',
  );
  expect((await admin.call(Auth, 'ping', {})).signatureAlgorithmSuite).toBe(1);
});

it('tells what bots do, and hides the secret of their tokens', async () => {
  await cluster.upsertBot({ name: 'ci', roles: ['viewer'] });
  const secret = 'a-secret-of-some-length-1234';
  const codes = await codesAfter(async () => {
    const Metadata = { Name: secret };
    const value = ProvisionTokenV2.fromPartial({ Metadata, Spec: { Roles: ['Bot'], BotName: 'ci' } });
    await admin.call(Auth, 'upsertTokenV2', { Token: { $case: 'V2', value } });
    using bot = await WireBot.join(cluster, secret);
    await bot.issue({ UseRoleRequests: true, RoleRequests: ['viewer'], RouteToApp: { Name: 'foo' } });
    await bot.issue();
    expect((await wireStatus(bot.issue())).code).toBe(7);
    await expect(WireBot.join(cluster, 'nothing')).rejects.toThrow('token expired or not found');
  });
  expect(codes.join(' ')).toBe('TJT00I TC000I TJ001I TC000I T2007I TC000I TC000I TLK00I TCB00W TJ001E');
  const all = await admin.call(AuditLogs, 'getUnstructuredEvents', {
    startDate: wide().StartDate,
    endDate: wide().EndDate,
  });
  expect(JSON.stringify(all.items.map(({ unstructured }) => unstructured))).not.toContain(secret);
});

it('is exported a day at a time, and goes on where it ended', async () => {
  const date = toTimestamp(clock.now());
  const [first] = await collect(admin.stream(AuditLogs, 'getEventExportChunks', { date }));
  const chunk = first?.chunk ?? '';
  const all = await collect(admin.stream(AuditLogs, 'exportUnstructuredEvents', { date, chunk }));
  const { items } = await admin.call(AuditLogs, 'getUnstructuredEvents', {
    startDate: wide().StartDate,
    endDate: wide().EndDate,
  });
  expect(all.map(({ event }) => event?.id)).toEqual(items.map(({ id }) => id));
  const cursor = all[3]?.cursor ?? '';
  const rest = await collect(admin.stream(AuditLogs, 'exportUnstructuredEvents', { date, chunk, cursor }));
  expect(rest).toEqual(all.slice(4));
});

async function collect<T>(messages: AsyncIterable<T>): Promise<T[]> {
  const result: T[] = [];
  for await (const message of messages) result.push(message);
  return result;
}

it('is for auditors', async () => {
  const { code, details } = await wireStatus(viewer.call(Auth, 'getEvents', wide()));
  expect({ code, details }).toEqual({ code: 7, details: 'access denied to perform action "list" on "event"' });
});
