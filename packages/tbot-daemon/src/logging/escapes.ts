/**
 * What a terminal, or a reader of lines, takes for something else than text: control characters of both sets, and those
 * that turn, hide or end what stands beside them. JSON escapes only the first set.
 */
const UNPRINTABLE = /\n(?!$)|[\0-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/** A line, its newline apart, as nothing but text. JSON stays what it is. */
export function asText(line: string): string {
  return line.replace(UNPRINTABLE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
