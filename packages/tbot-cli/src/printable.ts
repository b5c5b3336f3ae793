/**
 * What a terminal or a reader takes for something else than text: control characters of both sets, and those that turn or
 * hide what stands beside them. Lines and tabs stay.
 */
const UNPRINTABLE = /[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/**
 * A text for people that holds words of an agent or a cluster: they must not move the cursor, colour or retitle a terminal,
 * or write to its clipboard. Written as in JSON, so that JSON stays what it is.
 */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
