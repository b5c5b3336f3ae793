import { readFile } from 'node:fs/promises';
import { parseIdentityFile } from '@teleport-ts/api-types';
import { AuthServiceDefinition as Auth } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { plain } from '../comparison/outcome.ts';
import { DevCluster } from '../dev-cluster.ts';
import { writeEnterpriseRoles } from '../testing/enterprise-roles.ts';
import { RealTeleport, teleportBinDir } from '../testing/real-teleport.ts';
import { WireClient } from '../testing/wire-client.ts';

// Reviews, which a community edition honours but lets nobody write roles for: the same roles in both clusters, the same
// requests, reviews by the same people in the same order.

const claims = [{ claim: 'team', value: 'ops-*', roles: ['$1-prod'] }];
/** In the words of YAML. */
interface Side extends Record<string, unknown> {
  readonly request?: object;
  readonly review_requests?: {
    readonly roles?: readonly string[];
    readonly where?: string;
    readonly claims_to_roles?: typeof claims;
  };
}

const roles: readonly { readonly name: string; readonly allow?: Side; readonly deny?: Side }[] = [
  { name: 'dev', allow: {} },
  { name: 'db-prod', allow: {} },
  { name: 'ask', allow: { request: { roles: ['dev', 'db-prod'], annotations: { team: ['db'] } } } },
  {
    name: 'ask-two',
    allow: {
      request: {
        roles: ['db-prod'],
        thresholds: [
          { name: 'two of us', filter: 'contains(reviewer.roles, "review-dev")', approve: 2, deny: 1 },
          {
            name: 'a reason',
            filter: 'regexp.match(reviewer.traits["team"], "ops-*") && !equals(review.reason, "")',
            approve: 1,
          },
          { name: 'many', approve: 3, deny: 2 },
        ],
      },
    },
  },
  { name: 'review-dev', allow: { review_requests: { roles: ['d*'] } } },
  {
    name: 'review-where',
    allow: { review_requests: { roles: ['*'], where: 'contains(request.system_annotations["team"], "db")' } },
  },
  { name: 'review-claim', allow: { review_requests: { claims_to_roles: claims, roles: ['dev'] } } },
  { name: 'review-not', deny: { review_requests: { roles: ['db-prod'], where: 'equals(request.reason, "no")' } } },
  {
    name: 'review-broken',
    allow: { review_requests: { roles: ['*'], where: 'equals(request.reason, request.roles)' } },
  },
];

const people: Readonly<Record<string, readonly string[]>> = {
  kim: ['ask'],
  lou: ['ask', 'ask-two'],
  rae: ['review-dev'],
  sam: ['review-where'],
  tom: ['review-claim', 'review-not'],
  uma: ['review-dev', 'review-not'],
  vic: ['review-broken'],
  wes: ['ask', 'review-dev'],
};
const traits = { team: ['ops-db', 'x'] };

type Client = Readonly<Record<string, WireClient>>;
const [approved, denied] = [2, 3] as const;

interface Question {
  readonly by: string;
  readonly roles: readonly string[];
  readonly reason?: string;
  readonly reviews: readonly (readonly [by: string, state: number, more?: object])[];
}

const questions: Readonly<Record<string, Question>> = {
  'one approval is enough': {
    by: 'kim',
    roles: ['dev'],
    reviews: [
      ['rae', approved, { Reason: 'ok' }],
      ['uma', approved],
    ],
  },
  'one denial is enough': {
    by: 'kim',
    roles: ['dev'],
    reviews: [
      ['rae', denied, { Reason: 'no' }],
      ['uma', approved],
    ],
  },
  'nobody reviews twice': {
    by: 'lou',
    roles: ['db-prod'],
    reviews: [
      ['rae', approved],
      ['rae', denied],
    ],
  },
  'two of us': {
    by: 'lou',
    roles: ['db-prod'],
    reviews: [
      ['rae', approved],
      ['uma', approved],
    ],
  },
  'a reason': {
    by: 'lou',
    roles: ['db-prod'],
    reviews: [
      ['sam', approved],
      ['tom', approved, { Reason: 'checked' }],
    ],
  },
  'three, none of whom counts for more': {
    by: 'lou',
    roles: ['db-prod'],
    reviews: [
      ['sam', approved],
      ['tom', approved],
      ['uma', approved],
    ],
  },
  'a denial of one of us': {
    by: 'lou',
    roles: ['db-prod'],
    reviews: [
      ['sam', denied],
      ['uma', denied, { Reason: 'really' }],
    ],
  },
  'all roles must be met': {
    by: 'lou',
    roles: ['dev', 'db-prod'],
    reviews: [
      ['sam', approved, { Reason: '' }],
      ['uma', approved],
      ['rae', approved],
    ],
  },
  'more than one may review': {
    by: 'kim',
    roles: ['dev', 'db-prod'],
    reviews: [
      ['rae', approved],
      ['sam', approved],
    ],
  },
  'what is denied to review': {
    by: 'kim',
    roles: ['db-prod'],
    reason: 'no',
    reviews: [
      ['tom', approved],
      ['uma', approved],
    ],
  },
  'what is denied only for a reason': { by: 'kim', roles: ['db-prod'], reason: 'yes', reviews: [['tom', denied]] },
  'an expression that fails': { by: 'kim', roles: ['dev'], reviews: [['vic', approved]] },
  'one’s own': {
    by: 'wes',
    roles: ['dev'],
    reviews: [
      ['wes', approved],
      ['rae', approved],
    ],
  },
  'nobody who may': { by: 'kim', roles: ['dev'], reviews: [['kim', approved]] },
  'no decision': {
    by: 'kim',
    roles: ['dev'],
    reviews: [
      ['rae', 1],
      ['rae', 0],
      ['rae', 9],
    ],
  },
  'some of the roles': {
    by: 'kim',
    roles: ['dev', 'db-prod'],
    reviews: [
      ['sam', approved, { Roles: ['dev'] }],
      ['sam', approved, { Roles: ['dev', 'db-prod'] }],
    ],
  },
  'roles that were not asked for': { by: 'kim', roles: ['dev'], reviews: [['rae', approved, { Roles: ['db-prod'] }]] },
  'with annotations': {
    by: 'kim',
    roles: ['dev'],
    reviews: [['rae', approved, { Annotations: { Values: new Map([['a', { Values: ['b'] }]]) } }]],
  },
  'to start later': {
    by: 'kim',
    roles: ['dev'],
    reviews: [
      ['rae', approved, { AssumeStartTime: { seconds: 0n, nanos: 0 } }],
      ['rae', approved, { AssumeStartTime: inMinutes(20) }],
    ],
  },
  'made at another time': { by: 'kim', roles: ['dev'], reviews: [['rae', approved, { Created: inMinutes(-600) }]] },
};

function inMinutes(minutes: number): { seconds: bigint; nanos: number } {
  return { seconds: BigInt(Math.floor(Date.now() / 1000) + minutes * 60), nanos: 0 };
}

/** What became of each review, and of the request at the end; ids and revisions aside. */
async function outcomes(client: Client, { by, roles, reason = '', reviews }: Question): Promise<unknown[]> {
  const { Metadata } = await client[by]!.call(Auth, 'createAccessRequestV2', {
    Metadata: { Name: '00000000-0000-4000-8000-000000000000' },
    Spec: { User: by, Roles: [...roles], RequestReason: reason },
  });
  const RequestID = Metadata?.Name ?? '';
  const done: unknown[] = [];
  for (const [author, ProposedState, more = {}] of reviews) {
    const Review = { ProposedState: ProposedState as 2, ...more };
    done.push(
      await client[author]!.call(Auth, 'submitAccessReview', { RequestID, Review }).then(
        plain,
        ({ code, details }) => ({ code, details: details.replaceAll(RequestID, '<id>') }),
      ),
    );
  }
  for await (const request of client[by]!.stream(Auth, 'getAccessRequestsV2', { ID: RequestID }))
    done.push(plain(request));
  const waiting = await client.rae!.call(Auth, 'listAccessRequests', { Filter: { ID: RequestID, Scope: 2 } });
  return [...done, waiting.AccessRequests.length];
}

describe.skipIf(teleportBinDir() === undefined)('reviews on a Teleport 18 whose roles speak of them', () => {
  let teleport: RealTeleport;
  let cluster: DevCluster;
  const real: Record<string, WireClient> = {};
  const dev: Record<string, WireClient> = {};

  beforeAll(async () => {
    teleport = await RealTeleport.start();
    cluster = await DevCluster.start({ name: teleport.name });
    await writeEnterpriseRoles(teleport, roles);
    for (const { name, allow, deny } of roles) {
      const reviews = (grants: Side | undefined): object => {
        const { claims_to_roles: claimsToRoles = [], ...rest } = grants?.review_requests ?? {};
        return grants?.review_requests ? { reviewRequests: { ...rest, claimsToRoles } } : {};
      };
      cluster.upsertRole({
        name,
        allow: { ...(allow?.request && { request: allow.request }), ...reviews(allow) },
        deny: reviews(deny),
      });
    }
    for (const [name, held] of Object.entries(people)) {
      const user = { kind: 'user', version: 'v2', metadata: { name }, spec: { roles: held, traits } };
      await teleport.tctl(['create'], JSON.stringify(user));
      const file = parseIdentityFile(await readFile(await teleport.identityFile(name), 'utf8'));
      const identity = { key: file.privateKey, cert: file.tlsCertificate };
      real[name] = new WireClient({ address: teleport.authAddress, ca: file.tlsAuthorities.join('\n'), identity });
      cluster.upsertUser({ name, roles: held, traits });
      const { key, cert, cas } = await cluster.issueUserCredentials({ user: name, ttlMs: 3_600_000 });
      dev[name] = new WireClient({ address: cluster.authAddress, ca: cas.join(''), identity: { key, cert } });
    }
  });

  afterAll(async () => {
    for (const client of [...Object.values(real), ...Object.values(dev)]) client.close();
    await cluster?.stop();
    await teleport?.stop();
  });

  it.each(Object.keys(questions))('%s', async (name) => {
    const question = questions[name]!;
    const there = await outcomes(real, question);
    expect(await outcomes(dev, question)).toEqual(there);
  });
});
