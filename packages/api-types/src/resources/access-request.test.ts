import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ListAccessRequestsResponse, PluginDataSeq } from '../gen/teleport/proto/access_requests.ts';
import { AccessRequestV3, AccessReviewSubmission, RequestState } from '../gen/teleport/types/access_request.ts';
import { PluginDataV3 } from '../gen/teleport/types/plugin_data.ts';
import type { MessageCodec } from '../service-definition.ts';
import { toTimestamp } from '../timestamp.ts';
import {
  accessRequestState,
  accessRequestView,
  checkAndSetDefaults,
  formatResourceId,
  isResolved,
  newAccessRequest,
  newAccessReview,
  parseResourceId,
  requestStateNumber,
} from './access-request.ts';
import * as pluginData from './plugin-data.ts';

const recorded = <M>(codec: MessageCodec<M>, name: string): M =>
  codec.decode(readFileSync(join(import.meta.dirname, `../../testdata/teleport-18/wire/${name}.bin`)));
const bytes = <M>(codec: MessageCodec<M>, message: M): string =>
  Buffer.from(codec.encode(message).finish()).toString('hex');

describe('requests that a Teleport 18 answered', () => {
  it('have all that their messages say', () => {
    const review = accessRequestView(recorded(AccessRequestV3, 'submit-access-review'));
    expect(review).toMatchObject({
      kind: 'access_request',
      user: 'carol',
      roles: ['deployer'],
      originalRoles: ['deployer'],
      state: 'pending',
      reason: 'fix the build',
      systemAnnotations: { service: ['payments'] },
      resolveAnnotations: {},
      resources: [],
      promotedTo: undefined,
      assumeStart: undefined,
      thresholds: [
        { name: 'two of us', filter: 'contains(reviewer.roles, "reviewer")', approve: 2, deny: 1 },
        { name: '', filter: '', approve: 3, deny: 2 },
      ],
      reviews: [{ author: 'bob', state: 'approved', reason: 'fine', thresholds: [0, 1], assumeStart: undefined }],
    });
    expect(review.created).toEqual(new Date('2026-11-22T01:38:14.696Z'));
    expect(review.accessExpires).toEqual(new Date('2026-11-22T05:33:28Z'));
    expect(review.expires).toEqual(review.accessExpires);
    const alices = accessRequestView(recorded(AccessRequestV3, 'create-access-request-v2-alice'));
    expect(alices).toMatchObject({ suggestedReviewers: ['bob'], sessionExpires: new Date('2026-11-22T05:33:27Z') });
  });

  it('need no defaults', () => {
    const { AccessRequests } = recorded(ListAccessRequestsResponse, 'list-access-requests');
    expect(AccessRequests.map(({ Spec }) => accessRequestState(Spec?.State ?? 0)).sort()).toEqual(
      AccessRequests.map((request) => accessRequestView(request).state).sort(),
    );
    expect(AccessRequests.length).toBeGreaterThan(2);
    for (const request of AccessRequests) {
      expect(bytes(AccessRequestV3, checkAndSetDefaults(request))).toBe(bytes(AccessRequestV3, request));
    }
  });

  it('were made as they are made here', () => {
    for (const name of ['create-access-request-v2.request', 'create-access-request-v2-dry-run.request']) {
      const sent = recorded(AccessRequestV3, name);
      const { Spec } = sent;
      const made = newAccessRequest({
        name: '00000000-0000-4000-8000-000000000000',
        user: Spec?.User ?? '',
        roles: ['deployer'],
        reason: 'fix the build',
      });
      const trial = { ...made, Spec: made.Spec && { ...made.Spec, DryRun: Spec?.DryRun ?? false } };
      // The namespace is filled in here, by the client that was recorded it was not.
      const Metadata = sent.Metadata && { ...sent.Metadata, Namespace: 'default' };
      expect(bytes(AccessRequestV3, trial)).toBe(bytes(AccessRequestV3, { ...sent, Metadata }));
    }
    const review = recorded(AccessReviewSubmission, 'submit-access-review.request');
    const { RequestID, Review } = review;
    const made = newAccessReview(RequestID, { state: 'approved', author: 'bob', reason: 'fine' });
    const Created = Review?.Created;
    const timed = { ...made, Review: made.Review && { ...made.Review, Created } };
    expect(bytes(AccessReviewSubmission, timed)).toBe(bytes(AccessReviewSubmission, review));
  });

  it('have plugin data', () => {
    const [message] = recorded(PluginDataSeq, 'get-plugin-data').PluginData;
    const data = pluginData.pluginDataView(message!);
    expect(data).toMatchObject({
      kind: 'plugin_data',
      resourceKind: 'access_request',
      entries: { router: { route: 'r1', state: 'seen' } },
    });
    const again = pluginData.newPluginData({ ...data, resourceKind: 'access_request' });
    expect(bytes(PluginDataV3, again)).toBe(bytes(PluginDataV3, message!));
    expect(() => pluginData.newPluginData({ name: '', resourceKind: 'access_request' })).toThrow(
      'missing parameter Name',
    );
    expect(() => pluginData.checkAndSetDefaults({ ...message!, SubKind: '' })).toThrow('plugin data missing subkind');
  });
});

it.each([
  ['missing parameter Name', { name: '' }],
  ['access request user name not set', { user: '' }],
  ['does not specify any roles or resources', { roles: [] }],
  ['pending requests cannot include resolve reason', { resolveReason: 'x' }],
  ['pending requests cannot include resolve annotations', { resolveAnnotations: { a: 'b' } }],
  ['invalid label key: "a b"', { labels: { 'a b': 'c' } }],
  ['unknown request state: "done"', { state: 'done' as 'pending' }],
])('a request is refused: %s', (message, fields) => {
  expect(() => newAccessRequest({ user: 'kim', roles: ['dev'], ...fields })).toThrow(message);
});

it('a request has what it was made of', () => {
  const at = (minute: number): Date => new Date(Date.UTC(2030, 0, 1, 0, minute));
  const fields = {
    user: 'kim',
    resources: [{ cluster: 'root', kind: 'app', name: 'a' }],
    reason: 'why',
    suggestedReviewers: ['ray'],
    expires: at(1),
    accessExpires: at(2),
    sessionExpires: at(3),
    assumeStart: at(0),
    loginHint: 'root',
    state: 'approved',
    resolveReason: 'ok',
    resolveAnnotations: { a: ['b', 'c'] },
  } as const;
  const message = newAccessRequest(fields);
  const { raw, ...view } = accessRequestView(message);
  expect(view).toMatchObject({
    user: 'kim',
    roles: [],
    resources: fields.resources,
    state: 'approved',
    expires: at(1),
    assumeStart: at(0),
    resolveReason: 'ok',
    resolveAnnotations: fields.resolveAnnotations,
  });
  expect(view.name).toMatch(/^[0-9a-f]{8}-/);
  expect(raw.Spec).toMatchObject({ LoginHint: 'root', MaxDuration: toTimestamp(at(2)), Expires: toTimestamp(at(3)) });
  expect(newAccessRequest({ user: 'kim', roles: ['b', 'a', 'b'] }).Spec?.Roles).toEqual(['a', 'b']);
});

it('what an approval leaves out is still among what was asked for', () => {
  const sets = { Sets: [{ Indexes: [0] }] };
  const message = newAccessRequest({ user: 'kim', roles: ['a'] });
  const Spec = message.Spec && {
    ...message.Spec,
    RoleThresholdMapping: new Map([
      ['b', sets],
      ['a', sets],
    ]),
  };
  expect(accessRequestView({ ...message, Spec })).toMatchObject({ roles: ['a'], originalRoles: ['a', 'b'] });
});

it('a view is of anything', () => {
  expect(accessRequestView(AccessRequestV3.create())).toMatchObject({ user: '', state: 'none', created: undefined });
  const empty = {
    ...AccessRequestV3.create(),
    Spec: { ...newAccessRequest({ user: 'k', roles: ['r'] }).Spec!, accessList: { Name: '', Title: '' } },
  };
  expect(accessRequestView(empty).promotedTo).toBeUndefined();
});

describe('states', () => {
  it('have names, unknown ones their number', () => {
    for (const [name, number] of Object.entries(RequestState)) {
      expect(accessRequestState(number)).toBe(name.toLowerCase());
      expect(requestStateNumber(name.toLowerCase() as 'pending')).toBe(number);
    }
    fc.assert(
      fc.property(fc.nat({ max: 999_999_999 }), (number) => {
        expect(requestStateNumber(accessRequestState(number as RequestState))).toBe(number);
      }),
    );
    expect(
      ['pending', 'approved', 'denied', 'promoted', 'unknown:7'].filter((state) => isResolved(state as 'pending')),
    ).toEqual(['approved', 'denied', 'promoted']);
  });

  it.each(['', 'Pending', 'unknown:', 'unknown:-1', 'unknown:1e3'])('%j is none', (state) => {
    expect(() => requestStateNumber(state as 'pending')).toThrow('unknown request state');
  });

  it('a review approves or denies', () => {
    expect(() => newAccessReview('id', { state: 'promoted' })).toThrow('invalid state proposal');
    expect(() => newAccessReview('', { state: 'approved' })).toThrow('missing request ID');
  });
});

describe('ids of resources', () => {
  const word = fc.stringMatching(/^[a-z0-9.-]{1,8}$/);
  it('come back from their texts', () => {
    const plain = fc.record({
      cluster: word,
      kind: fc.constantFrom('app', 'node', 'db', 'kube_cluster'),
      name: fc.array(word, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/')),
    });
    const inKubernetes = fc.tuple(plain, fc.constantFrom('pod', 'namespace'), word, word).map(([id, kind, a, b]) => ({
      ...id,
      kind,
      subResource: kind === 'pod' ? `${a}/${b}` : b,
    }));
    fc.assert(
      fc.property(fc.oneof(plain, inKubernetes), (id) => {
        expect(parseResourceId(formatResourceId(id))).toEqual(id);
      }),
    );
  });

  it.each(['', 'root/app/a', '/root/app', '/root/app/', '//app/a', '/root/pod/cluster/name', '/root/namespace/x'])(
    '%j is none',
    (text) => {
      expect(() => parseResourceId(text)).toThrow(JSON.stringify(text));
    },
  );
});
