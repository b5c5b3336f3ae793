import type { Value } from '../predicate/typed-expression.ts';

/** What the real one does not tell: it has no name in YAML. */
const HIDDEN = new Set(['Namespace', '_unknownFields']);

/** A message's field by its path in YAML: `spec.public_addr` is `Spec.PublicAddr`. */
export function yamlField(message: object, path: readonly string[]): Value {
  let value: unknown = message;
  for (const name of path) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    value = value instanceof Map ? undefined : memberOf(value, name);
  }
  return (value instanceof Map ? Object.fromEntries(value) : value) as Value;
}

function memberOf(message: object, name: string): unknown {
  for (const member of Object.keys(message)) {
    if (yamlName(member) === name && !HIDDEN.has(member)) return (message as Record<string, unknown>)[member];
  }
  return undefined;
}

const known = new Map<string, string>();

/** `CACert` is `ca_cert`, `ProxyIDs` `proxy_ids`, `MySQL` `mysql`. Messages have few names, which are kept. */
function yamlName(name: string): string {
  let yaml = known.get(name);
  if (yaml === undefined) {
    yaml = name
      .replace('MySQL', 'Mysql')
      .replace('IDs', 'Ids')
      .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
      .replaceAll(/([A-Z])([A-Z][a-z])/g, '$1_$2')
      .toLowerCase();
    known.set(name, yaml);
  }
  return yaml;
}
