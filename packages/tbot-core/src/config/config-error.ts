import { TeleportError } from '@teleport-ts/api-types';

/** One thing that is wrong with a configuration, and where. */
export interface ConfigIssue {
  /** Dotted path of the key, e.g. `sockets[0].max_ttl`; empty for the file as a whole, a flag's or a variable's name where one is at fault. */
  readonly path: string;
  readonly message: string;
  /** Counted from 1; absent for what does not come from the file. */
  readonly line?: number;
  /** Counted from 1. */
  readonly column?: number;
  readonly hint?: string;
}

/** A configuration that cannot be used. Its message has one line for each issue, `file:line:column: key: what is wrong`. */
export class ConfigError extends TeleportError {
  readonly issues: readonly ConfigIssue[];

  /** @param source name of the file, for the message */
  constructor(source: string, issues: readonly ConfigIssue[]) {
    const hint = issues.find((issue) => issue.hint)?.hint;
    super('bad_parameter', issues.map((issue) => lineOf(source, issue)).join('\n'), hint === undefined ? {} : { hint });
    this.issues = issues;
  }
}

function lineOf(source: string, issue: ConfigIssue): string {
  const where = issue.line === undefined ? '' : `${source}:${issue.line}:${issue.column ?? 1}: `;
  return `${where}${issue.path ? `${issue.path}: ` : ''}${issue.message}`;
}

/** Dotted path of a key as people write it: `sockets[0].roles`. */
export function pathText(path: readonly PropertyKey[]): string {
  let text = '';
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`;
    else text += text ? `.${String(part)}` : String(part);
  }
  return text;
}
