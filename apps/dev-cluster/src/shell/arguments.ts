import { resolve } from 'node:path';
import { parseGoDuration } from '@teleport-ts/api-types';
import type { Argv } from 'yargs';
import { UsageError } from './exit.ts';
import type { Format } from './output.ts';

/** What all commands on a cluster take. */
export interface ClusterArguments {
  'data-dir'?: string | undefined;
  format: Format;
}

export function withClusterOptions<T>(args: Argv<T>): Argv<T & ClusterArguments> {
  return args
    .option('data-dir', {
      type: 'string',
      requiresArg: true,
      describe: 'Data directory of the cluster, running or stopped [env: DEV_CLUSTER_DATA_DIR]',
    })
    .option('format', {
      choices: ['text', 'json'] as const,
      default: 'text' as const,
      requiresArg: true,
      describe: 'For people, or one line of JSON for programs',
    }) as unknown as Argv<T & ClusterArguments>;
}

/** @throws UsageError when no data directory is named */
export function dataDirOf({ 'data-dir': given }: ClusterArguments): string {
  const dataDir = given ?? process.env.DEV_CLUSTER_DATA_DIR;
  if (!dataDir) {
    throw new UsageError(
      'which cluster? there is no --data-dir',
      'it is what `dev-cluster start --data-dir` was given',
    );
  }
  return resolve(dataDir);
}

/** `env=dev` texts; a key that comes twice has several values. */
export function pairs(option: string, texts: readonly string[]): Record<string, string[]> {
  const values: Record<string, string[]> = {};
  for (const text of texts) {
    const at = text.indexOf('=');
    if (at < 1) throw new UsageError(`--${option} ${JSON.stringify(text)}: expected name=value`);
    const [key, value] = [text.slice(0, at), text.slice(at + 1)];
    values[key] = [...(Object.hasOwn(values, key) ? (values[key] as string[]) : []), value];
  }
  return values;
}

/** `env=dev` texts, of which each key comes once. */
export function labels(option: string, texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    Object.entries(pairs(option, texts)).map(([key, [value = '', ...more]]) => {
      if (more.length > 0) throw new UsageError(`--${option}: ${JSON.stringify(key)} is given more than once`);
      return [key, value];
    }),
  );
}

/** Names by commas or repeated. */
export const names = (texts: readonly string[]): string[] =>
  texts.flatMap((text) => text.split(',')).filter((name) => name !== '');

/** `8h`, in milliseconds. */
export function durationMs(option: string, text: string): number {
  let ms: number;
  try {
    ms = parseGoDuration(text);
  } catch {
    throw new UsageError(`--${option} ${JSON.stringify(text)} is no duration`, 'durations are written 90s, 10m or 8h');
  }
  if (ms <= 0) throw new UsageError(`--${option} ${text} must be longer than nothing`);
  return ms;
}
