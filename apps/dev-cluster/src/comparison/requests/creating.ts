import { goZeroTime } from '@teleport-ts/api-types';
import { AuthServiceDefinition as Auth } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import { type Comparison, call } from '../comparison.ts';
import { anyId, approved, create, day, hour, promoted, request } from './making.ts';

// Asking: who may ask for what, for how long, and what the cluster makes of it.

export const creating: readonly Comparison[] = [
  { name: 'request: for oneself', caller: 'kate', question: create({ RequestReason: 'fix it' }) },
  { name: 'request: two roles, twice', caller: 'kate', question: create({ Roles: ['x-1', 'granted-a', 'x-1'] }) },
  { name: 'request: by a claim', caller: 'kate', question: create({ Roles: ['team-a'] }) },
  { name: 'request: by a claim of another', caller: 'kate', question: create({ Roles: ['team-b'] }) },
  { name: 'request: a role that may not be requested', caller: 'kate', question: create({ Roles: ['admin'] }) },
  {
    name: 'request: one of two may not be requested',
    caller: 'kate',
    question: create({ Roles: ['granted-a', 'admin'] }),
  },
  { name: 'request: a denied role', caller: 'frank', question: create({ User: 'frank', Roles: ['granted-banned'] }) },
  { name: 'request: with denied annotations', caller: 'frank', question: create({ User: 'frank' }) },
  { name: 'request: a role that there is not', caller: 'kate', question: create({ Roles: ['granted-nosuch'] }) },
  { name: 'request: all, of nobody who may', caller: 'bob', question: create({ User: 'bob', Roles: ['*'] }) },
  { name: 'request: all', caller: 'gina', question: create({ User: 'gina', Roles: ['*'] }) },
  { name: 'request: all, decided', caller: 'admin', question: create({ Roles: ['*'], State: approved }) },
  { name: 'request: without a right', caller: 'bob', question: create({ User: 'bob' }) },
  { name: 'request: for another', caller: 'bob', question: create() },
  { name: 'request: for another, with the right', caller: 'admin', question: create() },
  { name: 'request: for another who is not there', caller: 'admin', question: create({ User: 'nosuch' }) },
  { name: 'request: denied to create', caller: 'hank', question: create({ User: 'hank' }) },
  { name: 'request: approved, for oneself', caller: 'kate', question: create({ State: approved }) },
  {
    name: 'request: approved, for oneself, with the right',
    caller: 'admin',
    question: create({ User: 'alice', State: approved }),
  },
  {
    name: 'request: approved, for another',
    caller: 'admin',
    question: create({
      State: approved,
      ResolveReason: 'as agreed',
      ResolveAnnotations: { Values: new Map([['a', { Values: ['b'] }]]) },
    }),
  },
  { name: 'request: without a certificate', caller: 'nobody', question: create() },
  { name: 'request: of a bot', caller: 'bot', question: create({ User: 'bot-ci' }) },
  { name: 'request: no name', caller: 'kate', question: create({}, '') },
  { name: 'request: a name that is no UUID', caller: 'kate', question: create({}, 'nonsense') },
  { name: 'request: a name without dashes', caller: 'kate', question: create({}, '00000000000040008000000000000000') },
  { name: 'request: a name in braces', caller: 'kate', question: create({}, `{${anyId}}`) },
  { name: 'request: a name as a URN', caller: 'kate', question: create({}, `urn:uuid:${anyId}`) },
  { name: 'request: no roles', caller: 'kate', question: create({ Roles: [] }) },
  { name: 'request: no user', caller: 'kate', question: create({ User: '' }) },
  { name: 'request: an empty role', caller: 'kate', question: create({ Roles: [''] }) },
  { name: 'request: nothing', caller: 'kate', question: call(Auth, 'createAccessRequestV2', {}) },
  { name: 'request: pending with a resolution', caller: 'kate', question: create({ ResolveReason: 'x' }) },
  {
    name: 'request: pending with annotations of a resolution',
    caller: 'kate',
    question: create({ ResolveAnnotations: { Values: new Map([['a', { Values: ['b'] }]]) } }),
  },
  {
    name: 'request: annotations of one’s own',
    caller: 'kate',
    question: create({ SystemAnnotations: { Values: new Map([['service', { Values: ['other'] }]]) } }),
  },
  { name: 'request: promoted', caller: 'admin', question: create({ State: promoted }) },
  { name: 'request: a state that there is not', caller: 'admin', question: create({ State: 9 as never }) },
  {
    name: 'request: promoted to a list, pending',
    caller: 'kate',
    question: create({ accessList: { Name: 'n', Title: 't' } }),
  },
  { name: 'request: too long a reason', caller: 'kate', question: create({ RequestReason: 'x'.repeat(4097) }) },
  { name: 'request: the longest reason', caller: 'kate', question: create({ RequestReason: 'x'.repeat(4096) }) },
  {
    name: 'request: a reason of long characters',
    caller: 'kate',
    question: create({ RequestReason: 'ä'.repeat(2049) }),
  },
  {
    name: 'request: labels that are none',
    caller: 'kate',
    question: call(Auth, 'createAccessRequestV2', {
      ...request({}),
      Metadata: { Name: anyId, Labels: new Map([['a b', 'c']]) },
    }),
  },
  {
    name: 'request: labels',
    caller: 'kate',
    question: call(Auth, 'createAccessRequestV2', {
      ...request({}),
      Metadata: { Name: anyId, Description: 'd', Revision: 'r', Labels: new Map([['ticket', '1']]) },
    }),
  },
  {
    name: 'request: no reason where one is required',
    caller: 'kate',
    question: create({ Roles: ['careful-target'] }),
  },
  {
    name: 'request: blanks for a reason',
    caller: 'kate',
    question: create({ Roles: ['careful-target'], RequestReason: ' \n' }),
  },
  {
    name: 'request: a reason where one is required',
    caller: 'kate',
    question: create({ Roles: ['careful-target'], RequestReason: 'why' }),
  },
  {
    name: 'request: with suggested reviewers',
    caller: 'kate',
    question: create({ SuggestedReviewers: ['bob', 'bob', 'nosuch'] }),
  },
  { name: 'request: limited by its roles', caller: 'kate', question: create({ Roles: ['limited-target'] }) },
  {
    name: 'request: limited by one of its roles',
    caller: 'kate',
    question: create({ Roles: ['granted-a', 'limited-target'] }),
  },
  {
    name: 'request: longer than its roles allow',
    caller: 'kate',
    question: create((it) => ({ Roles: ['limited-target'], MaxDuration: it.inMs(5 * hour) })),
  },
  {
    name: 'request: shorter than its roles allow',
    caller: 'kate',
    question: create((it) => ({ Roles: ['limited-target'], MaxDuration: it.inMs(hour / 2) })),
  },
  { name: 'request: a duration', caller: 'kate', question: create((it) => ({ MaxDuration: it.inMs(hour / 2) })) },
  { name: 'request: a long duration', caller: 'kate', question: create((it) => ({ MaxDuration: it.inMs(10 * day) })) },
  {
    name: 'request: too long a duration',
    caller: 'kate',
    question: create((it) => ({ MaxDuration: it.inMs(15 * day) })),
  },
  {
    name: 'request: a duration that is over',
    caller: 'kate',
    question: create((it) => ({ MaxDuration: it.inMs(-hour) })),
  },
  { name: 'request: a session', caller: 'kate', question: create((it) => ({ Expires: it.inMs(hour / 2) })) },
  {
    name: 'request: too long a session',
    caller: 'kate',
    question: create((it) => ({ Expires: it.inMs(3 * day) })),
    codeOnly: true,
  },
  { name: 'request: a session that is over', caller: 'kate', question: create((it) => ({ Expires: it.inMs(-hour) })) },
  { name: 'request: an expiry', caller: 'kate', question: create((it) => ({ ResourceExpiry: it.inMs(hour / 3) })) },
  {
    name: 'request: an expiry in its metadata',
    caller: 'kate',
    question: call(Auth, 'createAccessRequestV2', (it) => ({
      ...request({}),
      Metadata: { Name: anyId, Expires: it.inMs(hour / 3) },
    })),
  },
  {
    name: 'request: an expiry in the past',
    caller: 'kate',
    question: create((it) => ({ ResourceExpiry: it.inMs(-hour) })),
  },
  {
    name: 'request: too late an expiry',
    caller: 'kate',
    question: create((it) => ({ ResourceExpiry: it.inMs(8 * day) })),
    codeOnly: true,
  },
  {
    name: 'request: an expiry after the access',
    caller: 'kate',
    question: create((it) => ({ ResourceExpiry: it.inMs(2 * day) })),
    codeOnly: true,
  },
  {
    name: 'request: to start later',
    caller: 'kate',
    question: create((it) => ({ AssumeStartTime: it.inMs(hour / 2) })),
  },
  {
    name: 'request: to have started',
    caller: 'kate',
    question: create((it) => ({ AssumeStartTime: it.inMs(-hour) })),
  },
  {
    name: 'request: to start when it is over',
    caller: 'kate',
    question: create((it) => ({ AssumeStartTime: it.inMs(3 * day) })),
  },
  {
    name: 'request: to start in too long a time',
    caller: 'kate',
    question: create((it) => ({
      Roles: ['long-target'],
      MaxDuration: it.inMs(13 * day),
      AssumeStartTime: it.inMs(8 * day),
    })),
  },
  { name: 'request: to start at no time', caller: 'kate', question: create({ AssumeStartTime: goZeroTime() }) },
  { name: 'request: as a trial', caller: 'kate', question: create({ DryRun: true }) },
  {
    name: 'request: as a trial, with a reason to give',
    caller: 'kate',
    question: create({ DryRun: true, Roles: ['careful-target'] }),
  },
  {
    name: 'request: as a trial, too long',
    caller: 'kate',
    question: create((it) => ({ DryRun: true, Roles: ['limited-target'], MaxDuration: it.inMs(20 * day) })),
  },
  { name: 'request: as a trial, not allowed', caller: 'kate', question: create({ DryRun: true, Roles: ['admin'] }) },
  {
    name: 'request: of resources',
    caller: 'kate',
    question: create({ Roles: [], RequestedResourceIDs: [{ ClusterName: 'root.test', Kind: 'app', Name: 'foo' }] }),
  },
  {
    name: 'request: of resources, with a reason',
    caller: 'kate',
    question: create({
      Roles: [],
      RequestReason: 'r',
      RequestedResourceIDs: [{ ClusterName: 'root.test', Kind: 'app', Name: 'foo' }],
    }),
  },
  {
    name: 'request: of resources as a trial',
    caller: 'kate',
    question: create({
      Roles: [],
      DryRun: true,
      RequestedResourceIDs: [{ ClusterName: 'root.test', Kind: 'app', Name: 'foo' }],
    }),
  },
  {
    name: 'request: of resources with roles',
    caller: 'kate',
    question: create({
      RequestReason: 'r',
      RequestedResourceIDs: [{ ClusterName: 'root.test', Kind: 'app', Name: 'foo' }],
    }),
  },
  {
    name: 'request: of resources of an unknown cluster',
    caller: 'kate',
    question: create({
      Roles: [],
      RequestedResourceIDs: [
        { ClusterName: 'nosuch', Kind: 'app', Name: 'foo' },
        { ClusterName: 'nosuch', Kind: 'app', Name: 'bar' },
      ],
    }),
  },
  {
    name: 'request: of too many resources',
    caller: 'kate',
    question: create({
      Roles: [],
      RequestedResourceIDs: Array.from({ length: 301 }, (_, i) => ({
        ClusterName: 'root.test',
        Kind: 'app',
        Name: `a${i}`,
      })),
    }),
  },
  {
    name: 'request: of too long resources',
    caller: 'kate',
    question: create({
      Roles: [],
      RequestReason: 'r',
      RequestedResourceIDs: Array.from({ length: 20 }, (_, i) => ({
        ClusterName: 'root.test',
        Kind: 'app',
        Name: `${i}${'x'.repeat(200)}`,
      })),
    }),
  },
];
