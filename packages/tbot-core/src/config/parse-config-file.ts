import { didYouMean } from '@teleport-ts/api-types';
import type { z } from 'zod';
import { ConfigError, type ConfigIssue, pathText } from './config-error.ts';
import { type ConfigFile, configFileSchema, KNOWN_KEYS } from './config-schema.ts';
import { typeName } from './fields.ts';
import { parseYaml, type YamlSource } from './yaml-source.ts';

/** A file's keys, and the positions for what is found wrong later. */
export interface ParsedConfigFile {
  readonly values: ConfigFile;
  readonly source: YamlSource;
}

/**
 * Reads the text of a `tbot.yaml`: each value checked on its own, unknown keys refused.
 *
 * @throws ConfigError naming every offending key with line and column
 */
export function parseConfigFile(text: string, fileName: string): ParsedConfigFile {
  const source = parseYaml(text, fileName);
  const parsed = configFileSchema.safeParse(source.value ?? {}, {
    error: (issue) => {
      if (issue.code !== 'invalid_type') return undefined;
      if (issue.input === undefined) return 'is missing';
      return `must be ${EXPECTED[issue.expected as string] ?? issue.expected}, not ${typeName(issue.input)}`;
    },
  });
  if (parsed.success) return { values: parsed.data, source };
  const issues = parsed.error.issues.flatMap((issue) => issuesOf(issue, source));
  throw new ConfigError(
    fileName,
    issues.sort((a, b) => a.line! - b.line! || a.column! - b.column!),
  );
}

const EXPECTED: Record<string, string> = { array: 'a list', object: 'a map' };

function issuesOf(issue: z.core.$ZodIssue, source: YamlSource): ConfigIssue[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key): ConfigIssue => {
      const known = KNOWN_KEYS[pathText(issue.path).replaceAll(/\[\d+\]/g, '[]')] ?? [];
      const near = didYouMean(key, known);
      return {
        path: pathText([...issue.path, key]),
        ...(near
          ? { message: `unknown key, did you mean ${near}?` }
          : { message: 'unknown key', hint: `known keys: ${known.join(', ')}` }),
        ...source.atKey(issue.path, key),
      };
    });
  }
  const hint: unknown = issue.code === 'custom' ? issue.params?.hint : undefined;
  const message = issue.message;
  return [{ path: pathText(issue.path), message, ...source.at(issue.path), ...(typeof hint === 'string' && { hint }) }];
}
