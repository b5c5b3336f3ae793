import { AuthServiceDefinition as Auth } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import { type Comparison, call } from '../comparison.ts';
import { about, anyId, approved, byId, decided, denied, hour, made, pending, promoted, setState } from './making.ts';

// Deciding: states, reviews, deletion.

export const deciding: readonly Comparison[] = [
  { name: 'decide: approve', caller: 'dave', question: setState({ State: approved, Reason: 'ok' }) },
  { name: 'decide: deny', caller: 'dave', question: setState({ State: denied, Reason: 'no' }) },
  { name: 'decide: no state', caller: 'dave', question: setState({}) },
  { name: 'decide: promote', caller: 'dave', question: setState({ State: promoted }) },
  { name: 'decide: a state that there is not', caller: 'dave', question: setState({ State: 9 }) },
  { name: 'decide: pending', caller: 'dave', question: setState({ State: pending }) },
  { name: 'decide: pending, with a reason', caller: 'dave', question: setState({ State: pending, Reason: 'later' }) },
  { name: 'decide: one’s own', caller: 'kate', question: setState({ State: approved }) },
  {
    name: 'decide: one’s own, with the right',
    caller: 'leo',
    question: call(Auth, 'setAccessRequestState', async (it) => ({
      ID: await made(it, { User: 'leo' }, 'leo'),
      State: approved,
    })),
  },
  { name: 'decide: without the right', caller: 'bob', question: setState({ State: approved }) },
  { name: 'decide: may update, may not list', caller: 'iris', question: setState({ State: approved }) },
  { name: 'decide: without a certificate', caller: 'nobody', question: setState({ State: approved }) },
  {
    name: 'decide: some roles',
    caller: 'dave',
    question: setState({ State: approved, Roles: ['granted-a'] }, { Roles: ['granted-a', 'granted-b'] }),
  },
  { name: 'decide: other roles', caller: 'dave', question: setState({ State: approved, Roles: ['granted-b'] }) },
  { name: 'decide: deny some roles', caller: 'dave', question: setState({ State: denied, Roles: ['granted-a'] }) },
  {
    name: 'decide: too long a reason',
    caller: 'dave',
    question: setState({ State: approved, Reason: 'x'.repeat(4097) }),
  },
  {
    name: 'decide: nobody’s',
    caller: 'dave',
    question: call(Auth, 'setAccessRequestState', { ID: anyId, State: approved }),
  },
  {
    name: 'decide: a name that is no UUID',
    caller: 'dave',
    question: call(Auth, 'setAccessRequestState', { ID: 'nonsense', State: approved }),
  },
  { name: 'decide: no name', caller: 'dave', question: call(Auth, 'setAccessRequestState', { State: approved }) },
  {
    name: 'decide: to start later',
    caller: 'dave',
    question: call(Auth, 'setAccessRequestState', async (it) => ({
      ID: await made(it),
      State: approved,
      AssumeStartTime: it.inMs(hour / 2),
    })),
  },
  {
    name: 'decide: to have started',
    caller: 'dave',
    question: call(Auth, 'setAccessRequestState', async (it) => ({
      ID: await made(it),
      State: approved,
      AssumeStartTime: it.inMs(-hour),
    })),
  },
  {
    name: 'decide: approve what is denied',
    caller: 'dave',
    question: call(Auth, 'setAccessRequestState', async (it) => ({ ID: await decided(it, denied), State: approved })),
  },
  {
    name: 'decide: deny what is denied',
    caller: 'dave',
    question: call(Auth, 'setAccessRequestState', async (it) => ({ ID: await decided(it, denied), State: denied })),
  },
  {
    name: 'decide: deny what is approved',
    caller: 'dave',
    question: call(Auth, 'setAccessRequestState', async (it) => ({ ID: await decided(it, approved), State: denied })),
  },
  { name: 'decided: approved', ...byId('kate', (it) => decided(it, approved)) },
  { name: 'decided: denied', ...byId('kate', (it) => decided(it, denied)) },
  {
    name: 'decided: back to pending',
    ...byId('kate', async (it) => {
      const ID = await decided(it, approved);
      await it.client('admin').call(Auth, 'setAccessRequestState', { ID, State: pending });
      return ID;
    }),
  },
  {
    name: 'decided: with everything',
    ...byId('kate', async (it) => {
      const ID = await made(it, { Roles: ['granted-a', 'granted-b'], RequestReason: 'why' });
      await it.client('dave').call(Auth, 'setAccessRequestState', {
        ID,
        State: approved,
        Reason: 'ok',
        Roles: ['granted-b'],
        Delegator: 'somebody',
        Annotations: { Values: new Map([['route', { Values: ['a', 'b'] }]]) },
        AssumeStartTime: it.inMs(hour / 2),
      });
      return ID;
    }),
  },
  {
    name: 'decided: denied twice',
    ...byId('kate', async (it) => {
      const ID = await decided(it, denied);
      await it.client('dave').call(Auth, 'setAccessRequestState', { ID, State: denied, Reason: 'once more' });
      return ID;
    }),
  },
  {
    name: 'decided: roles taken away, then given back',
    caller: 'dave',
    question: call(Auth, 'setAccessRequestState', async (it) => {
      const ID = await made(it, { Roles: ['granted-a', 'granted-b'] });
      await it.client('dave').call(Auth, 'setAccessRequestState', { ID, State: approved, Roles: ['granted-b'] });
      return { ID, State: approved, Roles: ['granted-a', 'granted-b'] };
    }),
  },
  {
    name: 'review: nobody may',
    caller: 'dave',
    question: about('submitAccessReview', (RequestID) => ({ RequestID, Review: { ProposedState: approved } })),
  },
  {
    name: 'review: in another’s name',
    caller: 'dave',
    question: about('submitAccessReview', (RequestID) => ({
      RequestID,
      Review: { Author: 'alice', ProposedState: approved },
    })),
  },
  {
    name: 'review: promote',
    caller: 'dave',
    question: about('submitAccessReview', (RequestID) => ({ RequestID, Review: { ProposedState: promoted } })),
  },
  { name: 'review: nothing', caller: 'dave', question: call(Auth, 'submitAccessReview', {}) },
  { name: 'review: without a certificate', caller: 'nobody', question: call(Auth, 'submitAccessReview', {}) },
  { name: 'delete: a request', caller: 'dave', question: about('deleteAccessRequest', (ID) => ({ ID })) },
  { name: 'delete: one’s own', caller: 'kate', question: about('deleteAccessRequest', (ID) => ({ ID })) },
  { name: 'delete: nobody’s', caller: 'dave', question: call(Auth, 'deleteAccessRequest', { ID: anyId }) },
  { name: 'delete: no name', caller: 'dave', question: call(Auth, 'deleteAccessRequest', {}) },
  {
    name: 'deleted: is gone',
    ...byId('kate', async (it) => {
      const ID = await made(it);
      await it.client('dave').call(Auth, 'deleteAccessRequest', { ID });
      return ID;
    }),
  },
  {
    name: 'promotions: of a request',
    caller: 'kate',
    question: call(Auth, 'getAccessRequestAllowedPromotions', async (it) => ({ accessRequestID: await made(it) })),
  },
  {
    name: 'promotions: of nobody’s',
    caller: 'kate',
    question: call(Auth, 'getAccessRequestAllowedPromotions', { accessRequestID: anyId }),
  },
  {
    name: 'promotions: of another’s',
    caller: 'bob',
    question: call(Auth, 'getAccessRequestAllowedPromotions', async (it) => ({ accessRequestID: await made(it) })),
  },
];
