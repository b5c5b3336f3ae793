/**
 * Whether a value is one of a role's: an exact word, a glob with `*`, or a regular expression between `^` and `$`, as in
 * role resources. An expression that is not valid matches nothing.
 */
export function matchesPattern(pattern: string, value: string): boolean {
  if (pattern === '*' || pattern === value) return true;
  let compiled = known.get(pattern);
  if (compiled === undefined) {
    compiled = compile(pattern);
    if (known.size >= MAX_KNOWN) known.clear();
    known.set(pattern, compiled);
  }
  return compiled?.test(value) ?? false;
}

/** Patterns come from roles, of which there are few, and are matched with every resource. */
const known = new Map<string, RegExp | null>();
const MAX_KNOWN = 1000;

/** Null for what matches nothing but itself. */
function compile(pattern: string): RegExp | null {
  const isExpression = pattern.startsWith('^') && pattern.endsWith('$');
  if (!isExpression && !pattern.includes('*')) return null;
  const source = isExpression ? pattern : `^${pattern.split('*').map(escapeRegExp).join('(.*)')}$`;
  try {
    return new RegExp(source, 's');
  } catch {
    return null;
  }
}

export function matchesAnyPattern(patterns: readonly string[], value: string): boolean {
  return patterns.some((pattern) => matchesPattern(pattern, value));
}

const escapeRegExp = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
