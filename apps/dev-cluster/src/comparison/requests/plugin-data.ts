import type { RequestInput } from '@teleport-ts/api-types';
import { AuthServiceDefinition as Auth } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import { type Comparison, call, type GrpcQuestion } from '../comparison.ts';
import { anyId, type Methods, made } from './making.ts';

// What plugins write down about requests.

type Update = RequestInput<Methods['updatePluginData']>;
const texts = (data: Readonly<Record<string, string>>): Map<string, string> => new Map(Object.entries(data));
const update = (more: Update = {}, before: readonly Update[] = []): GrpcQuestion =>
  call(Auth, 'updatePluginData', async (it) => {
    const Resource = await made(it);
    for (const one of before) {
      await it
        .client('admin')
        .call(Auth, 'updatePluginData', { Kind: 'access_request', Resource, Plugin: 'router', ...one });
    }
    return { Kind: 'access_request', Resource, Plugin: 'router', Set: texts({ state: 'seen' }), ...more };
  });
const read = (updates: readonly Update[], more: RequestInput<Methods['getPluginData']> = {}): GrpcQuestion =>
  call(Auth, 'getPluginData', async (it) => {
    const Resource = await made(it);
    for (const one of updates) {
      await it
        .client('admin')
        .call(Auth, 'updatePluginData', { Kind: 'access_request', Resource, Plugin: 'router', ...one });
    }
    return { Kind: 'access_request', Resource, ...more };
  });
const seen = { Set: texts({ state: 'seen', by: 'r1' }) };

export const pluginData: readonly Comparison[] = [
  { name: 'plugin data: write', caller: 'erin', question: update() },
  { name: 'plugin data: write, by the right on requests', caller: 'dave', question: update() },
  { name: 'plugin data: write, without the right', caller: 'bob', question: update() },
  { name: 'plugin data: write, without a certificate', caller: 'nobody', question: update() },
  {
    name: 'plugin data: write, expected',
    caller: 'erin',
    question: update({ Expect: texts({ state: 'seen' }) }, [seen]),
  },
  {
    name: 'plugin data: write, not expected',
    caller: 'erin',
    question: update({ Expect: texts({ state: 'other' }) }, [seen]),
  },
  { name: 'plugin data: write, expecting nothing', caller: 'erin', question: update({ Expect: texts({ state: '' }) }) },
  {
    name: 'plugin data: write, expecting nothing in vain',
    caller: 'erin',
    question: update({ Expect: texts({ state: '' }) }, [seen]),
  },
  {
    name: 'plugin data: write, expecting something in vain',
    caller: 'erin',
    question: update({ Expect: texts({ state: 'seen' }) }),
  },
  { name: 'plugin data: write nothing', caller: 'erin', question: update({ Set: new Map() }) },
  { name: 'plugin data: no plugin', caller: 'erin', question: update({ Plugin: '' }) },
  {
    name: 'plugin data: no resource',
    caller: 'erin',
    question: call(Auth, 'updatePluginData', { Kind: 'access_request', Plugin: 'p', Set: texts({ a: 'b' }) }),
  },
  {
    name: 'plugin data: of nobody’s request',
    caller: 'erin',
    question: call(Auth, 'updatePluginData', {
      Kind: 'access_request',
      Resource: anyId,
      Plugin: 'p',
      Set: texts({ a: 'b' }),
    }),
  },
  {
    name: 'plugin data: of an access list',
    caller: 'erin',
    question: call(Auth, 'updatePluginData', {
      Kind: 'access_list',
      Resource: 'list-1',
      Plugin: 'p',
      Set: texts({ a: 'b' }),
    }),
  },
  {
    name: 'plugin data: read that of an access list',
    caller: 'erin',
    question: call(Auth, 'getPluginData', { Kind: 'access_list' }),
    ignore: ['Revision'],
  },
  { name: 'plugin data: of another kind', caller: 'erin', question: update({ Kind: 'role' }) },
  { name: 'plugin data: of no kind', caller: 'bob', question: update({ Kind: '' }) },
  { name: 'plugin data: too much', caller: 'erin', question: update({ Set: texts({ a: 'x'.repeat(1_000_000) }) }) },
  { name: 'plugin data: much', caller: 'erin', question: update({ Set: texts({ a: 'x'.repeat(999_000) }) }) },
  { name: 'plugin data: read', caller: 'erin', question: read([seen]), ignore: ['Revision'] },
  { name: 'plugin data: read, by the right on requests', caller: 'dave', question: read([seen]), ignore: ['Revision'] },
  {
    name: 'plugin data: read, of one plugin',
    caller: 'erin',
    question: read([seen, { ...seen, Plugin: 'other' }], { Plugin: 'router' }),
    ignore: ['Revision'],
  },
  { name: 'plugin data: read, of another plugin', caller: 'erin', question: read([seen], { Plugin: 'other' }) },
  {
    name: 'plugin data: read, a text removed',
    caller: 'erin',
    question: read([seen, { Set: texts({ state: '' }) }]),
    ignore: ['Revision'],
  },
  {
    name: 'plugin data: read, all removed',
    caller: 'erin',
    question: read([seen, { Set: texts({ state: '', by: '' }) }]),
    ignore: ['Revision'],
  },
  { name: 'plugin data: read, none', caller: 'erin', question: read([]) },
  {
    name: 'plugin data: read, of a deleted request',
    caller: 'erin',
    question: call(Auth, 'getPluginData', async (it) => {
      const Resource = await made(it);
      const admin = it.client('admin');
      await admin.call(Auth, 'updatePluginData', { Kind: 'access_request', Resource, Plugin: 'router', ...seen });
      await admin.call(Auth, 'deleteAccessRequest', { ID: Resource });
      return { Kind: 'access_request', Resource };
    }),
    ignore: ['Revision'],
  },
  { name: 'plugin data: read, without the right', caller: 'bob', question: read([seen]) },
  {
    name: 'plugin data: read, of another kind',
    caller: 'erin',
    question: call(Auth, 'getPluginData', { Kind: 'role' }),
  },
];
