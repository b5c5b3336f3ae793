/** Words that a YAML reader, old ones included, may take for something else than text. */
const RESERVED = /^(?:true|false|yes|no|on|off|y|n|null|~)$/i;

/** A text as YAML, plain where it cannot be misread; else in double quotes, where YAML reads what JSON writes. */
export function yamlText(text: string): string {
  const isPlain = /^(?:--)?[A-Za-z/][\w./:@%+=,-]*$/.test(text) && !text.endsWith(':') && !RESERVED.test(text);
  return isPlain ? text : JSON.stringify(text);
}
