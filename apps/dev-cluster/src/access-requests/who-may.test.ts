import { Metadata } from '@grpc/grpc-js';
import { isTeleportError, type TlsIdentity } from '@teleport-ts/api-types';
import { RequestStateSetter } from '@teleport-ts/api-types/proto/teleport/proto/access_requests';
import {
  AccessRequestV3 as AccessRequestMessage,
  type AccessRequestV3,
  AccessReviewSubmission,
  RequestState,
} from '@teleport-ts/api-types/proto/teleport/types/access_request';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RoleSet } from '../access/role-set.ts';
import { AuditLog } from '../audit/audit-log.ts';
import type { ClusterContext } from '../cluster-context.ts';
import { nameOf } from '../resources.ts';
import type { Call } from '../rpc/service.ts';
import { accessRequestCalls } from '../services/access-requests.ts';
import { ClusterState } from '../state/cluster-state.ts';
import { roleFrom } from '../state/role-fields.ts';
import { newUser } from '../state/users.ts';
import { FakeClock } from '../testing/fake-clock.ts';

// Who may request, review and decide what: the service against what the reference says in words, written down by hand.

const SOAK_TIMEOUT_MS = process.env.SOAK ? 1_200_000 : 30_000;
const wanted = ['dev-1', 'dev-2', 'prod'];
const patterns = [...wanted, 'dev-*', '*'];
const verbs = ['create', 'list', 'read', 'update'] as const;
const users = ['ann', 'ben', 'cid'] as const;
const wheres = ['', 'contains(request.roles, "prod")', 'equals(request.reason, "urgent")'] as const;

interface RoleModel {
  readonly request: readonly string[];
  readonly denyRequest: readonly string[];
  readonly review: readonly string[];
  readonly where: (typeof wheres)[number];
  readonly denyReview: readonly string[];
  readonly allow: readonly (typeof verbs)[number][];
  readonly deny: readonly (typeof verbs)[number][];
}

/** Nothing, mostly. */
const seldom = <T>(values: readonly T[]): fc.Arbitrary<T[]> =>
  fc.oneof({ weight: 6, arbitrary: fc.constant<T[]>([]) }, fc.subarray([...values], { maxLength: 1 }));

const roleModel: fc.Arbitrary<RoleModel> = fc.record({
  request: fc.subarray(patterns, { minLength: 1, maxLength: 3 }),
  denyRequest: seldom(wanted),
  review: fc.subarray(patterns, { minLength: 1, maxLength: 3 }),
  where: fc.oneof({ weight: 2, arbitrary: fc.constant('' as const) }, fc.constantFrom(...wheres)),
  denyReview: seldom(wanted),
  allow: fc.subarray([...verbs]),
  deny: seldom(verbs),
});

type Step = { readonly by: (typeof users)[number]; readonly assumes: boolean } & (
  | {
      readonly do: 'create';
      readonly user: (typeof users)[number];
      readonly roles: readonly string[];
      readonly state: 'pending' | 'approved';
      readonly reason: string;
    }
  | { readonly do: 'decide'; readonly request: number; readonly state: 'pending' | 'approved' | 'denied' }
  | { readonly do: 'review'; readonly request: number; readonly state: 'approved' | 'denied' }
  | { readonly do: 'list' }
);

const by = {
  by: fc.constantFrom(...users),
  assumes: fc.oneof({ weight: 5, arbitrary: fc.constant(false) }, fc.constant(true)),
};
const index = fc.nat({ max: 2 });
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    ...by,
    do: fc.constant('create' as const),
    user: fc.constantFrom(...users),
    roles: fc.subarray(wanted, { minLength: 1 }),
    state: fc.oneof({ weight: 3, arbitrary: fc.constant('pending' as const) }, fc.constant('approved' as const)),
    reason: fc.constantFrom('', 'urgent'),
  }),
  fc.record({
    ...by,
    do: fc.constant('decide' as const),
    request: index,
    state: fc.constantFrom('pending' as const, 'approved' as const, 'denied' as const),
  }),
  fc.record({
    ...by,
    do: fc.constant('review' as const),
    request: index,
    state: fc.constantFrom('approved' as const, 'denied' as const),
  }),
  fc.record({ ...by, do: fc.constant('list' as const) }),
);

interface RequestModel {
  readonly id: string;
  readonly user: string;
  readonly roles: readonly string[];
  readonly reason: string;
  state: 'pending' | 'approved' | 'denied';
  reviews: readonly { readonly by: string; readonly state: 'approved' | 'denied' }[];
}

const MEANING: Readonly<Record<string, readonly string[]>> = { 'dev-*': ['dev-1', 'dev-2'], '*': wanted };
const covers = (list: readonly string[], role: string): boolean =>
  list.some((pattern) => pattern === role || MEANING[pattern]?.includes(role));

/** What the reference says. */
class Oracle {
  readonly requests: RequestModel[] = [];
  readonly #roles: (user: string) => readonly RoleModel[];

  constructor(roles: (user: string) => readonly RoleModel[]) {
    this.#roles = roles;
  }

  /** A rule that denies wins; without one that allows there is no right either. */
  right(user: string, verb: (typeof verbs)[number]): 'allowed' | 'not allowed' | 'denied' {
    const roles = this.#roles(user);
    if (roles.some(({ deny }) => deny.includes(verb))) return 'denied';
    return roles.some(({ allow }) => allow.includes(verb)) ? 'allowed' : 'not allowed';
  }

  mayRequest(user: string, role: string): boolean {
    const roles = this.#roles(user);
    return roles.some(({ request }) => covers(request, role)) && !roles.some((one) => covers(one.denyRequest, role));
  }

  mayCreate(step: Extract<Step, { do: 'create' }>): boolean {
    const right = this.right(step.by, 'create');
    const isForSelf = step.user === step.by;
    if (right !== 'allowed' && (right === 'denied' || step.state !== 'pending' || !isForSelf)) return false;
    if (step.state !== 'pending' && (isForSelf || step.assumes)) return false;
    return step.roles.every((role) => this.mayRequest(step.user, role));
  }

  mayReview(user: string, request: RequestModel): boolean {
    if (request.user === user) return false;
    const holds = ({ where }: RoleModel): boolean =>
      where === '' || (where.includes('prod') ? request.roles.includes('prod') : request.reason === 'urgent');
    const roles = this.#roles(user);
    if (roles.some((role) => request.roles.some((name) => covers(role.denyReview, name)))) return false;
    return request.roles.every((name) => roles.some((role) => holds(role) && covers(role.review, name)));
  }

  /** Undefined: not to be listed at all. */
  visible(user: string): RequestModel[] | undefined {
    const rights = [this.right(user, 'list'), this.right(user, 'read')];
    if (rights.every((right) => right === 'allowed')) return this.requests;
    if (rights.includes('denied')) return undefined;
    return this.requests.filter((request) => request.user === user || this.mayReview(user, request));
  }

  mayDecide(step: Extract<Step, { do: 'decide' }>, request: RequestModel): boolean {
    return (
      this.right(step.by, 'update') === 'allowed' &&
      !step.assumes &&
      this.visible(step.by)?.includes(request) === true &&
      request.user !== step.by &&
      (request.state !== 'denied' || step.state === 'denied')
    );
  }

  mayVote(step: Extract<Step, { do: 'review' }>, request: RequestModel): boolean {
    return (
      this.mayReview(step.by, request) &&
      request.state === 'pending' &&
      !request.reviews.some(({ by }) => by === step.by)
    );
  }
}

const STATES = { pending: RequestState.PENDING, approved: RequestState.APPROVED, denied: RequestState.DENIED } as const;

type Handlers = Record<string, (request: unknown, call: Call) => unknown>;

/** The service on a cluster of such roles and users, called without a socket. */
class Cluster {
  readonly state: ClusterState;
  readonly #handlers: Handlers;
  readonly #clock = new FakeClock();

  constructor(roles: readonly RoleModel[], holders: Readonly<Record<string, readonly number[]>>) {
    const clock = this.#clock;
    this.state = new ClusterState({ clock });
    this.state.store.ready();
    for (const name of wanted) this.state.roles.put(name, roleFrom({ name }));
    for (const [number, role] of roles.entries()) {
      const name = `role-${number}`;
      const rules = (list: readonly string[]) =>
        list.length > 0 ? [{ resources: ['access_request'], verbs: list }] : [];
      const stored = roleFrom({
        name,
        allow: {
          request: { roles: role.request },
          reviewRequests: { roles: role.review, where: role.where },
          rules: rules(role.allow),
        },
        deny: {
          request: { roles: role.denyRequest },
          reviewRequests: { roles: role.denyReview },
          rules: rules(role.deny),
        },
      });
      this.state.roles.put(name, stored);
    }
    for (const name of users) {
      const held = (holders[name] ?? []).map((number) => `role-${number}`);
      this.state.users.put(name, newUser(this.state, { name, roles: held }));
    }
    const context = { state: this.state, clock, audit: new AuditLog({ clock, clusterName: 'c' }) };
    this.#handlers = accessRequestCalls(context as unknown as ClusterContext).handlers as Handlers;
  }

  call(method: string, request: unknown, { by: user, assumes }: Step): unknown {
    const roles = (this.state.users.get(user)?.Spec?.Roles ?? []).map((name) => this.state.roles.get(name)!);
    const identity = {
      user,
      roles: roles.map(nameOf),
      activeRequests: assumes ? ['some'] : [],
      notAfter: new Date(this.#clock.now() + 3_600_000),
    } as unknown as TlsIdentity;
    const caller = { user, roles: new RoleSet(roles), identity, ip: '' };
    const call: Call = { caller, remoteAddress: '', metadata: new Metadata(), signal: new AbortController().signal };
    return this.#handlers[method]?.(request, call);
  }
}

/** Undefined when it was refused. */
function answered<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch (error) {
    if (!isTeleportError(error)) throw error;
    return undefined;
  }
}

test(
  'the service lets happen what may happen, and nothing else',
  () => {
    const seen = { created: 0, refused: 0, decided: 0, reviewed: 0 };
    const holders = fc.record(
      Object.fromEntries(users.map((name) => [name, fc.subarray([0, 1, 2, 3], { minLength: 1 })])),
    );
    fc.assert(
      fc.property(
        fc.array(roleModel, { minLength: 4, maxLength: 4 }),
        holders,
        fc.array(step, { minLength: 8, maxLength: 16, size: 'max' }),
        (roles, held, steps) => {
          const cluster = new Cluster(roles, held);
          const oracle = new Oracle((user) => (held[user] ?? []).map((number) => roles[number]!));
          for (const [number, step] of steps.entries()) {
            const what = `step ${number}: ${JSON.stringify(step)}`;
            if (step.do === 'create') {
              const request = AccessRequestMessage.fromPartial({
                Metadata: { Name: '00000000-0000-4000-8000-000000000000' },
                Spec: {
                  User: step.user,
                  Roles: [...step.roles],
                  State: STATES[step.state],
                  RequestReason: step.reason,
                },
              });
              const made = answered(() => cluster.call('createAccessRequestV2', request, step)) as
                | AccessRequestV3
                | undefined;
              expect(made !== undefined, what).toBe(oracle.mayCreate(step));
              seen[made ? 'created' : 'refused'] += 1;
              if (made) {
                const { user, roles: asked, reason, state } = step;
                oracle.requests.push({ id: nameOf(made), user, roles: asked, reason, state, reviews: [] });
              }
            } else if (step.do === 'list') {
              const page = answered(() =>
                cluster.call('listAccessRequests', { Limit: 0, StartKey: '', Sort: 0 }, step),
              ) as { AccessRequests: AccessRequestV3[] } | undefined;
              const visible = oracle.visible(step.by)?.map(({ id }) => id);
              expect(page?.AccessRequests.map(nameOf).sort(), what).toEqual(visible?.sort());
            } else {
              const request = oracle.requests[step.request % oracle.requests.length];
              if (!request) continue;
              const isReview = step.do === 'review';
              const may = isReview ? oracle.mayVote(step, request) : oracle.mayDecide(step, request);
              const done = isReview
                ? answered(() => {
                    const Review = { ProposedState: STATES[step.state] };
                    const submission = AccessReviewSubmission.fromPartial({ RequestID: request.id, Review });
                    return cluster.call('submitAccessReview', submission, step);
                  })
                : answered(() =>
                    cluster.call(
                      'setAccessRequestState',
                      RequestStateSetter.fromPartial({ ID: request.id, State: STATES[step.state] }),
                      step,
                    ),
                  );
              expect(done !== undefined, what).toBe(may);
              if (may) {
                seen[isReview ? 'reviewed' : 'decided'] += 1;
                request.state = step.state;
                if (isReview) {
                  request.reviews = [...request.reviews, { by: step.by, state: step.state }];
                  // One is enough: where a decision was taken back, the review that had made it makes it again.
                  request.state = request.reviews[0]!.state;
                }
              } else seen.refused += 1;
            }
            const states = oracle.requests.map(({ id }) => cluster.state.accessRequests.get(id)?.Spec?.State);
            expect(states, what).toEqual(oracle.requests.map(({ state }) => STATES[state]));
          }
        },
      ),
      { numRuns: process.env.SOAK ? 10_000 : 150 },
    );
    for (const count of Object.values(seen)) expect(count).toBeGreaterThan(process.env.SOAK ? 500 : 5);
  },
  SOAK_TIMEOUT_MS,
);
