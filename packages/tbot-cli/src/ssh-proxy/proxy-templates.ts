import { readFile } from 'node:fs/promises';
import { TeleportError } from '@teleport-ts/api-types';

/** What a template says of a node; what it does not mention is left out. */
export interface ExpandedTemplate {
  readonly proxy?: string;
  readonly cluster?: string;
  readonly host?: string;
  /** Instead of a host: a predicate expression that one node fits. */
  readonly query?: string;
  /** Instead of a host: words by commas that one node has. */
  readonly search?: string;
}

const FIELDS = ['proxy', 'cluster', 'host', 'query', 'search'] as const;

/** One entry of `proxy_templates`. */
export type ProxyTemplate = { readonly template: RegExp } & ExpandedTemplate;

/**
 * Reads the `proxy_templates` of a configuration file of tsh. A file that is not there has none, as for tsh.
 *
 * @throws TeleportError `bad_parameter` naming the file and the entry
 */
export async function loadProxyTemplates(path: string): Promise<readonly ProxyTemplate[]> {
  const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return '';
    throw new TeleportError('bad_parameter', `${path} cannot be read: ${cause.code}`, { cause });
  });
  const { parse } = await import('yaml');
  let value: unknown;
  try {
    value = parse(text);
  } catch (cause) {
    throw new TeleportError('bad_parameter', `${path} is not valid YAML`, { cause });
  }
  const entries = (value as { readonly proxy_templates?: unknown } | null)?.proxy_templates ?? [];
  if (!Array.isArray(entries)) throw new TeleportError('bad_parameter', `${path}: proxy_templates is not a list`);
  return entries.map((entry, index) => proxyTemplate(entry, `${path}: proxy_templates[${index}]`));
}

/** @param name of the entry, for errors */
export function proxyTemplate(entry: unknown, name: string): ProxyTemplate {
  const fields = (entry ?? {}) as Readonly<Record<string, unknown>>;
  const text = (field: string): string | undefined => {
    const value = fields[field] ?? undefined;
    if (value === undefined || typeof value === 'string') return value?.trim() ? value : undefined;
    throw new TeleportError('bad_parameter', `${name}: ${field} is not a text`);
  };
  const template = text('template');
  const said = FIELDS.flatMap((field) => (text(field) === undefined ? [] : [[field, text(field)]]));
  if (template === undefined) throw new TeleportError('bad_parameter', `${name} has no template`);
  if (said.length === 0) throw new TeleportError('bad_parameter', `${name} has none of ${FIELDS.join(', ')}`);
  try {
    return { template: goRegExp(template), ...Object.fromEntries(said) };
  } catch (cause) {
    throw new TeleportError('bad_parameter', `${name}: template is no regular expression`, { cause });
  }
}

/** Go writes names of groups and flags for the whole expression in its own way. */
function goRegExp(text: string): RegExp {
  const [head, flags = ''] = /^\(\?([ims]+)\)/.exec(text) ?? [''];
  return new RegExp(text.slice(head.length).replaceAll('(?P<', '(?<'), `g${flags}`);
}

/**
 * What the first template that fits says of a node, its `$1`, `${1}` and `${name}` filled in as Go does.
 *
 * @param target `host:port`
 * @returns undefined when none fits
 */
export function expandTemplates(templates: readonly ProxyTemplate[], target: string): ExpandedTemplate | undefined {
  for (const { template, ...said } of templates) {
    const matches = [...target.matchAll(template)];
    if (matches.length === 0) continue;
    // Each match adds to the text.
    const filled = Object.entries(said).map(([field, text]) => [
      field,
      matches.map((match) => fill(text, match)).join(''),
    ]);
    return Object.fromEntries(filled.filter(([, text]) => text !== ''));
  }
  return undefined;
}

/** As Go's Regexp.Expand: a name is as long as letters, digits and underscores go; what is unknown is empty. */
function fill(text: string, match: RegExpExecArray): string {
  return text.replace(/\$(?:(\$)|\{(\w+)\}|(\w+))/g, (_all, dollar, braced, plain) => {
    if (dollar) return '$';
    const name: string = braced ?? plain;
    return (/^\d+$/.test(name) ? match[Number(name)] : match.groups?.[name]) ?? '';
  });
}
