import { isDeepStrictEqual } from 'node:util';
import type { LabelValues } from '../gen/teleport/wrappers/labels.ts';
import type { Traits } from '../traits.ts';

/** Lists of texts under names, or one text for a list of one: `{ env: ['dev', 'test'], team: 'a' }`, `{ '*': '*' }`. */
export type LabelSelector = Readonly<Record<string, string | readonly string[]>>;

/** Labels, traits or annotations as messages hold them. */
export function labelValues(values: LabelSelector = {}): LabelValues {
  return {
    Values: new Map(
      Object.entries(values).map(([key, value]) => [key, { Values: typeof value === 'string' ? [value] : [...value] }]),
    ),
  };
}

/** The reverse of {@link labelValues}; each name has its list. */
export function fromLabelValues(values: LabelValues | undefined): Traits {
  return Object.fromEntries([...(values?.Values ?? [])].map(([key, value]) => [key, value.Values]));
}

/** As {@link labelValues}; the message that there was where nothing is given, or the same. */
export function changedLabelValues(
  values: LabelSelector | undefined,
  before: LabelValues | undefined,
): LabelValues | undefined {
  return values === undefined || isDeepStrictEqual(values, fromLabelValues(before)) ? before : labelValues(values);
}

/** Labels with those that a command finds, which win. */
export function allLabels(
  labels: Readonly<Record<string, string>>,
  found: ReadonlyMap<string, { readonly Result: string }> | undefined,
): Readonly<Record<string, string>> {
  return { ...labels, ...Object.fromEntries([...(found ?? [])].map(([key, { Result }]) => [key, Result])) };
}
