import type { RequestInput } from '@teleport-ts/api-types';
import { AuthServiceDefinition as Auth } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import { type Comparison, call, type GrpcQuestion } from '../comparison.ts';
import { byId, denied, type Methods, made, pending } from './making.ts';

// Lists of requests, and what somebody may ask for.

const list = (request: RequestInput<Methods['listAccessRequests']>): GrpcQuestion =>
  call(Auth, 'listAccessRequests', request);

/** Jack's requests are the only ones that nobody but these questions makes. */
export const listing: readonly Comparison[] = [
  { name: 'requests: by id', ...byId('kate', (it) => made(it)) },
  { name: 'requests: by id, another’s', ...byId('bob', (it) => made(it)) },
  { name: 'requests: by id, may list', ...byId('dave', (it) => made(it)) },
  {
    name: 'requests: by id, another’s user',
    caller: 'kate',
    question: call(Auth, 'getAccessRequestsV2', async (it) => ({ ID: await made(it), User: 'bob' })),
  },
  {
    name: 'requests: by id, of another state',
    caller: 'kate',
    question: call(Auth, 'getAccessRequestsV2', async (it) => ({ ID: await made(it), State: denied })),
  },
  {
    name: 'requests: by id, an order that there is not',
    caller: 'kate',
    question: call(Auth, 'listAccessRequests', async (it) => ({
      Filter: { ID: await made(it) },
      Sort: 7 as never,
      Limit: 100_000,
    })),
    ignore: ['Revision'],
  },
  {
    name: 'requests: by an id that is none',
    caller: 'kate',
    question: call(Auth, 'getAccessRequestsV2', { ID: 'nonsense' }),
  },
  {
    name: 'requests: of one user',
    caller: 'dave',
    question: list({ Filter: { User: 'jack' } }),
    eventually: true,
    ignore: ['Revision'],
  },
  { name: 'requests: one’s own', caller: 'jack', question: list({}), eventually: true, ignore: ['Revision'] },
  {
    name: 'requests: one’s own, pending',
    caller: 'jack',
    question: list({ Filter: { State: pending } }),
    eventually: true,
    ignore: ['Revision'],
  },
  {
    name: 'requests: one’s own, denied',
    caller: 'jack',
    question: list({ Filter: { State: denied } }),
    eventually: true,
    ignore: ['Revision'],
  },
  {
    name: 'requests: my own',
    caller: 'jack',
    question: list({ Filter: { Scope: 1 } }),
    eventually: true,
    ignore: ['Revision'],
  },
  { name: 'requests: of another, without the right', caller: 'bob', question: list({ Filter: { User: 'jack' } }) },
  { name: 'requests: to review, without the right', caller: 'bob', question: list({ Filter: { Scope: 2 } }) },
  { name: 'requests: reviewed', caller: 'dave', question: list({ Filter: { Scope: 3 } }) },
  {
    name: 'requests: to review',
    caller: 'dave',
    question: list({ Filter: { Scope: 2, User: 'jack' } }),
    eventually: true,
    ignore: ['Revision'],
  },
  { name: 'requests: my own, which are none', caller: 'dave', question: list({ Filter: { Scope: 1 } }) },
  {
    name: 'requests: in another’s name',
    caller: 'jack',
    question: list({ Filter: { Scope: 1, Requester: 'kate' } }),
    eventually: true,
    ignore: ['Revision'],
  },
  {
    name: 'requests: search',
    caller: 'jack',
    question: list({ Filter: { SearchKeywords: ['JACK', 'granted-b'] } }),
    eventually: true,
    ignore: ['Revision'],
  },
  {
    name: 'requests: search for nothing',
    caller: 'jack',
    question: list({ Filter: { SearchKeywords: ['nonsense'] } }),
  },
  { name: 'requests: denied to list', caller: 'hank', question: list({}) },
  { name: 'requests: denied to list one’s own', caller: 'hank', question: list({ Filter: { User: 'hank' } }) },
  { name: 'requests: without a certificate', caller: 'nobody', question: list({}) },
  { name: 'requests: of a bot', caller: 'bot', question: list({}) },
  { name: 'requests: of an output', caller: 'output', question: list({}) },
  { name: 'requests: a page', caller: 'jack', question: list({ Limit: 2 }), eventually: true, ignore: ['Revision'] },
  {
    name: 'requests: the largest page',
    caller: 'jack',
    question: list({ Limit: 16_000 }),
    eventually: true,
    ignore: ['Revision'],
  },
  { name: 'requests: too large a page', caller: 'jack', question: list({ Limit: 16_001 }) },
  {
    name: 'requests: a page of less than nothing',
    caller: 'jack',
    question: list({ Limit: -1 }),
    eventually: true,
    ignore: ['Revision'],
  },
  ...[0, 1, 2, 3].flatMap((Sort) =>
    [false, true].map((Descending) => ({
      name: `requests: order ${Sort}${Descending ? ', turned round' : ''}`,
      caller: 'jack' as const,
      question: list({ Sort: Sort as never, Descending }),
      eventually: true as const,
      ignore: ['Revision'],
    })),
  ),
  {
    name: 'requests: by state, a page',
    caller: 'jack',
    question: list({ Sort: 2 as never, Limit: 1 }),
    eventually: true,
    ignore: ['Revision'],
  },
  {
    name: 'requests: by state, from a key on',
    caller: 'jack',
    question: list({ Sort: 2 as never, StartKey: 'DENIED/' }),
    eventually: true,
    ignore: ['Revision'],
  },
  {
    name: 'requests: by state, from a key back',
    caller: 'jack',
    question: list({ Sort: 2 as never, StartKey: 'DENIED0', Descending: true }),
    eventually: true,
    ignore: ['Revision'],
  },
  { name: 'requests: an order that there is not', caller: 'jack', question: list({ Sort: 7 as never }) },
];

const capabilities = (more: RequestInput<Methods['getAccessCapabilities']> = {}): GrpcQuestion =>
  call(Auth, 'getAccessCapabilities', { RequestableRoles: true, SuggestedReviewers: true, ...more });

export const knowing: readonly Comparison[] = [
  { name: 'capabilities: one’s own', caller: 'gina', question: capabilities() },
  {
    name: 'capabilities: nothing asked',
    caller: 'gina',
    question: capabilities({ RequestableRoles: false, SuggestedReviewers: false }),
  },
  { name: 'capabilities: none', caller: 'bob', question: capabilities() },
  { name: 'capabilities: with a reason to give', caller: 'jack', question: capabilities() },
  { name: 'capabilities: of another', caller: 'admin', question: capabilities({ User: 'gina' }) },
  { name: 'capabilities: of another, without the right', caller: 'bob', question: capabilities({ User: 'gina' }) },
  { name: 'capabilities: of nobody', caller: 'admin', question: capabilities({ User: 'nosuch' }) },
  { name: 'capabilities: without a certificate', caller: 'nobody', question: capabilities() },
  {
    name: 'capabilities: for resources',
    caller: 'gina',
    question: capabilities({ ResourceIDs: [{ ClusterName: 'root.test', Kind: 'app', Name: 'foo' }] }),
  },
  {
    name: 'capabilities: for resources of a leaf',
    caller: 'gina',
    question: capabilities({
      FilterRequestableRolesByResource: true,
      ResourceIDs: [{ ClusterName: 'leaf.test', Kind: 'app', Name: 'foo' }],
    }),
  },
];
