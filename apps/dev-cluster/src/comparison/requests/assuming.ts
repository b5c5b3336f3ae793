import { randomUUID } from 'node:crypto';
import { AuthServiceDefinition as Auth } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import { type Comparison, call } from '../comparison.ts';
import type { Scene } from '../scene.ts';
import { anyId, approved, create, day, decided, denied, hour, made, setState } from './making.ts';

// Certificates with what was granted, and what the audit log tells of requests.

const certs =
  (bot: string, AccessRequests: readonly string[], more: object = {}) =>
  (it: Scene) =>
    it.certs({ Username: `bot-${bot}`, AccessRequests: [...AccessRequests], ...more });

const route = { RouteToApp: { Name: 'foo', PublicAddr: 'foo.localhost', ClusterName: 'root.test' } };

/** A bot's certificate is good for one more only, so that each of those that are issued takes a bot of its own. */
export const assuming: readonly Comparison[] = [
  {
    name: 'certificate: with a request that is none',
    caller: 'asker-1',
    question: call(Auth, 'generateUserCerts', certs('asker-1', [anyId])),
  },
  {
    name: 'certificate: with the request of another',
    caller: 'asker-1',
    question: call(Auth, 'generateUserCerts', async (it) => certs('asker-1', [await decided(it, approved)])(it)),
  },
  {
    name: 'certificate: with a request that is pending',
    caller: 'asker-1',
    question: call(Auth, 'generateUserCerts', async (it) =>
      certs('asker-1', [await made(it, { User: 'bot-asker-1' }, 'asker-1')])(it),
    ),
  },
  {
    name: 'certificate: with a request that is denied',
    caller: 'asker-1',
    question: call(Auth, 'generateUserCerts', async (it) =>
      certs('asker-1', [await decided(it, denied, { User: 'bot-asker-1' }, 'asker-1')])(it),
    ),
  },
  {
    name: 'certificate: with a request to be assumed later',
    caller: 'asker-1',
    question: call(Auth, 'generateUserCerts', async (it) => {
      const ID = await made(it, { User: 'bot-asker-1' }, 'asker-1');
      const AssumeStartTime = it.inMs(hour / 2);
      await it.client('dave').call(Auth, 'setAccessRequestState', { ID, State: approved, AssumeStartTime });
      return certs('asker-1', [ID])(it);
    }),
    codeOnly: true,
  },
  {
    name: 'certificate: with a request and roles',
    caller: 'asker-1',
    question: call(
      Auth,
      'generateUserCerts',
      certs('asker-1', [anyId], { RoleRequests: ['viewer'], UseRoleRequests: true }),
    ),
  },
  {
    name: 'certificate: with an approved request',
    caller: 'asker-1',
    question: call(Auth, 'generateUserCerts', async (it) => {
      const MaxDuration = it.inMs(hour / 2);
      const ID = await decided(it, approved, { User: 'bot-asker-1', MaxDuration }, 'asker-1');
      return certs('asker-1', [ID], route)(it);
    }),
  },
  {
    name: 'certificate: dropping what is not there',
    caller: 'asker-2',
    question: call(Auth, 'generateUserCerts', certs('asker-2', [], { DropAccessRequests: [anyId] })),
  },
  {
    name: 'certificate: dropping all',
    caller: 'asker-3',
    question: call(Auth, 'generateUserCerts', certs('asker-3', [anyId], { DropAccessRequests: ['*'] })),
  },
  {
    name: 'certificate: dropping what is asked for',
    caller: 'asker-4',
    question: call(Auth, 'generateUserCerts', certs('asker-4', [anyId], { DropAccessRequests: [anyId] })),
  },
  {
    name: 'certificate: with a request, for somebody else',
    caller: 'admin',
    question: call(Auth, 'generateUserCerts', (it) => it.certs({ Username: 'bob', AccessRequests: [anyId] })),
  },
  {
    name: 'certificate: with a request, impersonated',
    caller: 'kate',
    question: call(Auth, 'generateUserCerts', (it) => it.certs({ Username: 'kate', AccessRequests: [anyId] })),
  },
  { name: 'assumed: decide', caller: 'assumed', question: setState({ State: approved }) },
  { name: 'assumed: request something decided', caller: 'assumed', question: create({ State: approved }) },
  { name: 'assumed: request', caller: 'assumed', question: create({ User: 'bot-asker-5', Roles: ['granted-b'] }) },
  { name: 'assumed: roles', caller: 'assumed', question: call(Auth, 'getCurrentUserRoles', {}), ignore: ['Revision'] },
  {
    name: 'assumed: impersonate',
    caller: 'assumed',
    question: call(
      Auth,
      'generateUserCerts',
      certs('asker-5', [], { RoleRequests: ['viewer'], UseRoleRequests: true }),
    ),
  },
  {
    name: 'assumed: a further request that is none',
    caller: 'assumed',
    question: call(Auth, 'generateUserCerts', certs('asker-5', [anyId])),
  },
  {
    name: 'assumed: one more',
    caller: 'assumed',
    question: call(Auth, 'generateUserCerts', async (it) =>
      certs('asker-5', [await decided(it, approved, { User: 'bot-asker-5', Roles: ['x-1'] }, 'assumed')])(it),
    ),
  },
];

const search = (type: string) => (it: Scene) => ({
  Namespace: 'default',
  StartDate: it.inMs(-day),
  EndDate: it.inMs(day),
  EventTypes: [type],
  Limit: 1,
  Order: 1 as const,
});

export const told: readonly Comparison[] = ['create', 'update', 'delete'].flatMap((what) => {
  const prepare = async (it: Scene): Promise<void> => {
    const ID = await made(it, { Roles: ['granted-a', 'granted-b'], RequestReason: `audit ${randomUUID()}` });
    if (what === 'create') return;
    const dave = it.client('dave');
    await dave.call(Auth, 'setAccessRequestState', { ID, State: approved, Reason: 'ok', Delegator: 'chat' });
    if (what === 'delete') await dave.call(Auth, 'deleteAccessRequest', { ID });
  };
  return [
    {
      name: `audit: a request, ${what}`,
      caller: 'admin' as const,
      question: call(Auth, 'getEvents', async (it) => {
        await prepare(it);
        return search(`access_request.${what}`)(it);
      }),
      eventually: true as const,
      ignore: ['ID', 'Index', 'LastKey', 'RemoteAddr'],
    },
  ];
});
