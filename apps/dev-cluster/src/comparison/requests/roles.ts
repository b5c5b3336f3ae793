import { AuthServiceDefinition as Auth } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import { type Comparison, call, type GrpcQuestion } from '../comparison.ts';

// Roles that speak of requests and reviews, and what this edition has of it.

type Conditions = Parameters<typeof upsert>[0];

function upsert(
  spec: {
    readonly Allow?: object;
    readonly Deny?: object;
    readonly Options?: object;
  },
  name = 'of-requests',
): GrpcQuestion {
  return call(Auth, 'upsertRoleV2', {
    Role: { Kind: 'role', Version: 'v7', Metadata: { Name: name }, Spec: spec as never },
  });
}

const role = (name: string, spec: Conditions): Comparison => ({
  name: `role: ${name}`,
  caller: 'admin',
  question: upsert(spec),
  ignore: ['Revision'],
});

const denied = (Where: string): Conditions => ({ Deny: { ReviewRequests: { Roles: ['a'], Where } } });

export const roles: readonly Comparison[] = [
  role('requests', {
    Allow: { Request: { Roles: ['a', '*'], Reason: { Mode: 'required' }, MaxDuration: 3_600_000_000_000n } },
  }),
  role('denied requests', { Deny: { Request: { Roles: ['a'], SearchAsRoles: ['b'] } } }),
  role('a pattern that is none', { Allow: { Request: { Roles: ['{{nonsense', '^('] } } }),
  role('a claim', { Allow: { Request: { ClaimsToRoles: [{ Claim: 'c', Value: '^(', Roles: ['r'] }] } } }),
  role('reviews', { Allow: { ReviewRequests: { Roles: ['a'] } } }),
  role('denied reviews', denied('contains(request.roles, "a")')),
  role('denied reviews by reviewer', denied('contains(reviewer.traits["team"], "a") || reviewer.roles.contains("b")')),
  role('denied reviews by a regular expression', denied('regexp.match(request.roles, "^a.*$")')),
  role('denied reviews by equality', denied('equals(request.reason, "x") && !equals(request.roles, reviewer.roles)')),
  role('denied reviews by a syntax error', denied('contains(')),
  role('denied reviews by an unknown name', denied('contains(request.nonsense, "a")')),
  role('denied reviews by an unknown function', denied('nonsense(request.roles)')),
  role('denied reviews by a name of thresholds', denied('equals(review.reason, "a")')),
  role('denied reviews by what is not boolean', denied('request.reason')),
  role('denied reviews by a wrong argument', denied('contains(request.reason, 1)')),
  role('thresholds', { Allow: { Request: { Roles: ['a'], Thresholds: [{ Approve: 2, Deny: 1 }] } } }),
  role('denied thresholds', { Deny: { Request: { Thresholds: [{ Approve: 2 }] } } }),
  role('too long a duration', { Allow: { Request: { Roles: ['a'], MaxDuration: 1_209_600_000_000_001n } } }),
  role('a reason mode that there is not', { Allow: { Request: { Roles: ['a'], Reason: { Mode: 'nonsense' } } } }),
  role('search as', { Allow: { Request: { SearchAsRoles: ['a'] } } }),
  role('request at login', { Options: { RequestAccess: 'always' } }),
  role('request at login, a way that there is not', { Options: { RequestAccess: 'nonsense', RequestPrompt: 'why?' } }),
];
