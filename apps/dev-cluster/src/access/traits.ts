import type { Traits } from '@teleport-ts/api-types';
import type { LabelValues } from '@teleport-ts/api-types/proto/teleport/wrappers/labels';

const TEMPLATE = /^(.*)\{\{\s*(?:internal|external)(?:\.([\w-]+)|\["([^"]+)"\])\s*\}\}(.*)$/s;

/** The values of a role's field with `{{internal.name}}` and `{{external.name}}` replaced by the user's traits. */
export function withTraits(values: readonly string[], traits: Traits): string[] {
  const result = values.flatMap((value) => {
    if (!value.includes('{{')) return [value];
    const template = TEMPLATE.exec(value);
    if (!template) return [];
    const [, prefix, dotted, quoted, suffix] = template;
    const name = (dotted ?? quoted) as string;
    const found = Object.hasOwn(traits, name) ? (traits[name] as readonly string[]) : [];
    return found.filter((text) => text !== '').map((text) => `${prefix}${text}${suffix}`);
  });
  return [...new Set(result)];
}

/** The same for a label selector. */
export function labelsWithTraits(selector: LabelValues | undefined, traits: Traits): LabelValues | undefined {
  if (!selector) return undefined;
  const entries = [...selector.Values].map(
    ([key, { Values }]) => [key, { Values: withTraits(Values, traits) }] as const,
  );
  return { Values: new Map(entries) };
}
