import type { LabelValues } from '@teleport-ts/api-types/proto/teleport/wrappers/labels';
import { matchesAnyPattern } from './patterns.ts';

/**
 * Whether a role's label selector matches a resource's labels. An empty selector matches nothing, `*: *` everything;
 * otherwise every key of the selector must be there with one of its values.
 */
export function matchesLabels(
  selector: LabelValues | undefined,
  labels: ReadonlyMap<string, string> | Readonly<Record<string, string>>,
): boolean {
  const wanted = selector?.Values;
  if (!wanted || wanted.size === 0) return false;
  if (wanted.get('*')?.Values.includes('*')) return true;
  const have = labels instanceof Map ? labels : new Map(Object.entries(labels));
  for (const [key, { Values: patterns }] of wanted) {
    const value = have.get(key);
    if (value === undefined || !matchesAnyPattern(patterns, value)) return false;
  }
  return true;
}
