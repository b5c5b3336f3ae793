/**
 * The plain values of a tsh profile: `key: value` at the left margin, as Go's YAML library writes a flat struct. Lists and
 * maps are passed over; a key whose value is of a form that tsh does not write is left out. Never throws.
 */
export function profileValues(text: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    const [, key, rest = ''] = /^([A-Za-z_][A-Za-z0-9_]*):(?:\s+(.*))?$/.exec(line) ?? [];
    if (key === undefined) continue;
    const value = scalar(rest.trim());
    if (value !== undefined) values.set(key, value);
  }
  return values;
}

function scalar(text: string): string | undefined {
  if (text.startsWith("'")) return /^'((?:[^']|'')*)'(?:\s+#.*)?$/.exec(text)?.[1]?.replaceAll("''", "'");
  if (text.startsWith('"')) return doubleQuoted(/^("(?:[^"\\]|\\.)*")(?:\s+#.*)?$/.exec(text)?.[1]);
  // A block, a list, a map, an anchor, a tag.
  if (/^[|>[{&*!%@`]/.test(text)) return undefined;
  return text.replace(/(^|\s+)#.*$/, '').trimEnd();
}

/** YAML's double quotes are JSON's, but for escapes of control characters that no value here has. */
function doubleQuoted(text: string | undefined): string | undefined {
  try {
    return text === undefined ? undefined : String(JSON.parse(text));
  } catch {
    return undefined;
  }
}
