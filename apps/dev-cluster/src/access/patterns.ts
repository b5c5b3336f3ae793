/**
 * Whether a value is one of a role's: an exact word, a glob with `*`, or a regular expression between `^` and `$`, as in
 * role resources. An expression that is not valid matches nothing.
 */
export function matchesPattern(pattern: string, value: string): boolean {
  if (pattern === '*' || pattern === value) return true;
  const isExpression = pattern.startsWith('^') && pattern.endsWith('$');
  if (!isExpression && !pattern.includes('*')) return false;
  const source = isExpression ? pattern : `^${pattern.split('*').map(escapeRegExp).join('(.*)')}$`;
  try {
    return new RegExp(source, 's').test(value);
  } catch {
    return false;
  }
}

export function matchesAnyPattern(patterns: readonly string[], value: string): boolean {
  return patterns.some((pattern) => matchesPattern(pattern, value));
}

const escapeRegExp = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
