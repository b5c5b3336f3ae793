import { readFile } from 'node:fs/promises';
import { isTeleportError } from '@teleport-ts/api-types';
import { type ConfigFlags, loadConfig, parseConfig, type TbotConfig } from '@teleport-ts/tbot-core/config';
import { UsageError } from '../exit.ts';

/** Where a configuration comes from: a file, or the whole of it in tbot's environment variable. */
export interface ConfigSource {
  /** `-c`; default `TBOT_CONFIG_PATH`. */
  readonly path?: string;
  readonly flags?: ConfigFlags;
}

/**
 * Reads the configuration of an agent, flags and environment variables laid over it. `TBOT_CONFIG` holds a whole file in
 * base64, as for Teleport's tbot.
 *
 * @throws UsageError when there is none, ConfigError for what is wrong in it
 */
export async function readConfig(
  source: ConfigSource,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<{ name: string; config: TbotConfig }> {
  const sources = { environment, ...(source.flags && { flags: source.flags }) };
  const path = source.path ?? (environment.TBOT_CONFIG_PATH || undefined);
  const inline = environment.TBOT_CONFIG || undefined;
  if (path !== undefined && inline !== undefined && source.path === undefined) {
    throw new UsageError('TBOT_CONFIG_PATH and TBOT_CONFIG are both set', 'unset one of them');
  }
  if (path === undefined && inline === undefined) {
    throw new UsageError('there is no configuration', 'name the file: -c tbot.yaml');
  }
  if (path === undefined) {
    const text = Buffer.from(inline!, 'base64').toString('utf8');
    return { name: 'TBOT_CONFIG', config: parseConfig(text, { ...sources, fileName: 'TBOT_CONFIG' }) };
  }
  try {
    return { name: path, config: await loadConfig(path, sources) };
  } catch (error) {
    // A wrong path on the command line is a wrong command line.
    if (isTeleportError(error, 'not_found')) throw new UsageError(error.message);
    throw error;
  }
}

/** The join token as it may turn up in a text, for the log to leave out: itself, or what its file holds. */
export async function tokenSecrets(config: TbotConfig): Promise<string[]> {
  const { token } = config.onboarding;
  if (token === undefined) return [];
  if (!token.startsWith('/')) return [token];
  // A file that cannot be read is the join's trouble to tell.
  return await readFile(token, 'utf8').then(
    (text) => [text.trim()],
    () => [],
  );
}
