/**
 * Whether a name matches a pattern of the configuration. `*` stands for any run of characters, an empty one too; every
 * other character stands for itself. Linear in the length of the name for each `*`, whatever the caller sends.
 *
 * @example
 * matchesPattern('ci-*', 'ci-runner'); // true
 */
export function matchesPattern(pattern: string, name: string): boolean {
  const parts = pattern.split('*');
  const first = parts[0]!;
  if (parts.length === 1) return name === pattern;
  const last = parts[parts.length - 1]!;
  if (!name.startsWith(first) || !name.endsWith(last) || name.length < first.length + last.length) return false;
  let from = first.length;
  const end = name.length - last.length;
  for (const part of parts.slice(1, -1)) {
    const at = name.indexOf(part, from);
    if (at < 0 || at + part.length > end) return false;
    from = at + part.length;
  }
  return true;
}
