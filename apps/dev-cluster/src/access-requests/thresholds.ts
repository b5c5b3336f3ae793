import type {
  AccessRequestSpecV3,
  AccessReview,
  ThresholdIndexSets,
} from '@teleport-ts/api-types/proto/teleport/types/access_request';
import { RequestState } from '@teleport-ts/api-types/proto/teleport/types/access_request';
import type { AccessReviewThreshold } from '@teleport-ts/api-types/proto/teleport/types/role';
import type { RequestRules } from './request-rules.ts';

const DEFAULT: AccessReviewThreshold = { Name: 'default', Filter: '', Approve: 1, Deny: 1 };

/** All thresholds of a request, and for each of its roles the sets of them of which one must be met. */
export interface RequestThresholds {
  readonly thresholds: AccessReviewThreshold[];
  readonly mapping: Map<string, ThresholdIndexSets>;
}

export function thresholdsOf(rules: RequestRules, roles: readonly string[]): RequestThresholds {
  const thresholds: AccessReviewThreshold[] = [];
  const indexOf = (threshold: AccessReviewThreshold): number => {
    const known = thresholds.findIndex((other) => isSame(other, threshold));
    return known === -1 ? thresholds.push(threshold) - 1 : known;
  };
  const mapping = new Map(
    roles.map((role) => {
      const sets = rules.thresholdSets(role).map((set) => (set.length === 0 ? [DEFAULT] : set));
      return [role, { Sets: sets.map((set) => ({ Indexes: set.map(indexOf) })) }];
    }),
  );
  return { thresholds, mapping };
}

const isSame = (a: AccessReviewThreshold, b: AccessReviewThreshold): boolean =>
  a.Name === b.Name && a.Filter === b.Filter && a.Approve === b.Approve && a.Deny === b.Deny;

/**
 * The review that decides the request, if one does: the first denial that fills the denials of any threshold, or the
 * approval with which each role has met a threshold of each of its sets.
 */
export function decidingReview(spec: AccessRequestSpecV3): AccessReview | undefined {
  const { Thresholds: thresholds, RoleThresholdMapping: mapping } = spec;
  const counts = thresholds.map(() => ({ approve: 0, deny: 0 }));
  const isMet = (index: number): boolean => {
    const wanted = thresholds[index]?.Approve ?? 0;
    return wanted !== 0 && (counts[index]?.approve ?? 0) >= wanted;
  };
  for (const review of spec.Reviews) {
    const isApproval = review.ProposedState === RequestState.APPROVED;
    for (const index of review.ThresholdIndexes) {
      const count = counts[index];
      if (count) count[isApproval ? 'approve' : 'deny'] += 1;
    }
    const isDenied = thresholds.some(({ Deny }, index) => Deny !== 0 && (counts[index]?.deny ?? 0) >= Deny);
    if (isDenied) return isApproval ? undefined : review;
    const isApproved = [...mapping.values()].every(({ Sets }) => Sets.every(({ Indexes }) => Indexes.some(isMet)));
    if (isApproved) return isApproval ? review : undefined;
  }
  return undefined;
}
