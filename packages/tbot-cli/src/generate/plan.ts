import { parseGoDuration } from '@teleport-ts/api-types';
import { type ApplicationIdentityRequest, parseDestinationUri } from '@teleport-ts/tbot-core/client';
import { UsageError } from '../exit.ts';
import type { GenerateArguments } from './arguments.ts';

/** A command line that has been judged: what to ask, whom, and where the files go. */
export interface GeneratePlan {
  readonly socket: string;
  readonly request: ApplicationIdentityRequest;
  /** Absolute path of the directory. */
  readonly directory: string;
  readonly timeoutMs: number;
  readonly specificTlsNaming: boolean;
}

const DEFAULT_TIMEOUT_MS = 30_000;

/** @throws UsageError, or TeleportError `bad_parameter`, naming the option. */
export function planGenerate(
  given: GenerateArguments,
  env: Readonly<Record<string, string | undefined>>,
): GeneratePlan {
  const socket = given.socket ?? env.TBOT_SOCKET;
  if (!socket) {
    throw new UsageError('no socket is given', "name the agent's socket with --socket, or in TBOT_SOCKET");
  }
  if (!given.appName) throw new UsageError('--app-name is missing or empty');
  if (!given.out)
    throw new UsageError('--out is missing or empty', 'give a directory, as in --out file:///tmp/app-credentials');
  const destination = parseDestinationUri(given.out);
  if (destination.type === 'memory') {
    throw new UsageError('--out memory:// would be gone when the command ends', 'give a directory');
  }
  if (given.roles?.includes('')) throw new UsageError('--roles holds an empty name');
  const ttlMs = given.ttl === undefined ? undefined : durationOf('--ttl', given.ttl);
  return {
    socket,
    request: {
      kind: 'application',
      name: given.appName,
      ...(given.cluster ? { cluster: given.cluster } : {}),
      ...(given.roles ? { roles: given.roles } : {}),
      ...(ttlMs === undefined ? {} : { ttlMs }),
    },
    directory: destination.path,
    timeoutMs: given.timeout === undefined ? DEFAULT_TIMEOUT_MS : durationOf('--timeout', given.timeout),
    specificTlsNaming: given.specificTlsNaming ?? false,
  };
}

/** Zero and less are refused here for the timeout too: neither can ever succeed. */
function durationOf(option: string, text: string): number {
  let ms: number;
  try {
    ms = parseGoDuration(text);
  } catch {
    throw new UsageError(`${option} ${JSON.stringify(text)} is not a duration`, 'write it as 90s, 10m or 1h30m');
  }
  if (ms <= 0) throw new UsageError(`${option} must be more than zero`);
  return ms;
}
