/** Words that a YAML reader, old ones included, may take for something else than text. */
const RESERVED = /^(?:true|false|yes|no|on|off|y|n|null|~)$/i;

/** What JSON leaves as it is, and YAML takes for the end of a line, or refuses. */
const NOT_YAML = /[\x7f-\x9f\u2028\u2029\ufeff]/g;

/** A text as YAML, plain where it cannot be misread; else in double quotes, where YAML reads what JSON writes. */
export function yamlText(text: string): string {
  const isPlain = /^(?:--)?[A-Za-z/][\w./:@%+=,-]*$/.test(text) && !text.endsWith(':') && !RESERVED.test(text);
  if (isPlain) return text;
  return JSON.stringify(text).replace(NOT_YAML, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}
