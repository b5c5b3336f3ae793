import { type Document, isMap, isNode, isPair, isScalar, LineCounter, parseDocument } from 'yaml';
import { ConfigError, type ConfigIssue } from './config-error.ts';

/** A parsed YAML text that can tell where each key stands. */
export interface YamlSource {
  /** Plain value, keys without a value left out. */
  readonly value: unknown;
  /** Position of the value at `path`, or of the nearest parent that exists. */
  at(path: readonly PropertyKey[]): { line: number; column: number };
  /** Position of the key `key` of the map at `path`. */
  atKey(path: readonly PropertyKey[], key: string): { line: number; column: number };
}

/**
 * Parses YAML 1.2.
 *
 * @throws ConfigError with line and column; never quoting the text, which may hold a secret
 */
export function parseYaml(text: string, fileName: string): YamlSource {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, prettyErrors: false, stringKeys: true });
  const position = (offset: number): { line: number; column: number } => {
    const { line, col } = lineCounter.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const issues = document.errors.map(
    (error): ConfigIssue => ({ path: '', message: `not valid YAML: ${reason(error)}`, ...position(error.pos[0]) }),
  );
  if (issues.length > 0) throw new ConfigError(fileName, issues);
  return {
    value: withoutNulls(plainValue(document, fileName)),
    at: (path) => position(offsetOf(document, path)),
    atKey: (path, key) => position(keyOffset(document, path, key) ?? offsetOf(document, path)),
  };
}

function reason(error: { code: string; message: string }): string {
  const words: Record<string, string> = {
    BAD_ALIAS: 'an alias without its anchor, or a value that starts with * and needs quotes',
    DUPLICATE_KEY: 'a key stands there twice',
    MULTIPLE_DOCS: 'more than one document',
    TAB_AS_INDENT: 'a tab is used for indentation',
    BAD_INDENT: 'the indentation does not fit',
    MISSING_CHAR: 'a closing quote or bracket, or the space after a colon, is missing',
    BLOCK_AS_IMPLICIT_KEY: 'a nested map stands on the line of its key',
  };
  return words[error.code] ?? error.code.toLowerCase().replaceAll('_', ' ');
}

function plainValue(document: Document, fileName: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch {
    // The parser's message may quote the text.
    throw new ConfigError(fileName, [
      { path: '', message: `not valid YAML: ${reason({ code: 'BAD_ALIAS', message: '' })}` },
    ]);
  }
}

/** `key:` without a value means the same as no key, as in Go's tools. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== 'object' || value === null) return value;
  const filled = Object.entries(value).filter(([, entry]) => entry !== null);
  return Object.fromEntries(filled.map(([key, entry]) => [key, withoutNulls(entry)]));
}

function offsetOf(document: Document, path: readonly PropertyKey[]): number {
  for (let length = path.length; length > 0; length--) {
    const node: unknown = document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return node.range[0];
  }
  return isNode(document.contents) ? (document.contents.range?.[0] ?? 0) : 0;
}

function keyOffset(document: Document, path: readonly PropertyKey[], key: string): number | undefined {
  const parent: unknown = path.length === 0 ? document.contents : document.getIn(path, true);
  if (!isMap(parent)) return undefined;
  const pair = parent.items.find((item) => isPair(item) && isScalar(item.key) && item.key.value === key);
  return pair && isScalar(pair.key) ? pair.key.range?.[0] : undefined;
}
