import {
  DATABASE_FORMATS,
  type DatabaseFormat,
  type IdentityRequest,
  parseDestinationUri,
} from '@teleport-ts/tbot-core/client';
import { durationOf } from '../durations.ts';
import { UsageError } from '../exit.ts';
import type { GenerateArguments } from './arguments.ts';

/** A command line that has been judged: what to ask, whom, and what becomes of the credential. */
export interface GeneratePlan {
  /** As given: `file:///path`, `unix:///path` or a path. */
  readonly socket: string;
  readonly request: IdentityRequest;
  readonly target: GenerateTarget;
  readonly files: FileOptions;
  /** Limit of the whole command, or of each credential when it goes on. */
  readonly timeoutMs: number;
  /** Goes on trying while the agent, or what is asked for, is not there yet. */
  readonly wait: boolean;
  /** Issues nothing. */
  readonly dryRun: boolean;
  /** Renews before the end, until stopped. */
  readonly watch: boolean;
  /** Sent to the command whenever its files are renewed. */
  readonly reloadSignal?: NodeJS.Signals;
}

/** What becomes of a credential; nothing only where none is issued. */
export type GenerateTarget =
  | { readonly type: 'nothing' }
  | { readonly type: 'directory' /** Absolute. */; readonly path: string }
  | { readonly type: 'print'; readonly format: PrintFormat }
  /** Files that live as long as the command. */
  | { readonly type: 'command' /** The command and its arguments. */; readonly words: readonly string[] };

/** How a credential is printed. */
export type PrintFormat = 'json' | 'pem' | 'env' | 'exec-credential';

const PRINT_FORMATS: readonly PrintFormat[] = ['json', 'pem', 'env', 'exec-credential'];

/** Which files a credential becomes, beside what its kind says. */
export interface FileOptions {
  /** Of an application. */
  readonly specificTlsNaming?: boolean;
  /** Of a database. */
  readonly format?: DatabaseFormat;
  /** Of an identity. */
  readonly sshConfig?: boolean;
  /** Of a Kubernetes cluster: key and certificate in the kubeconfig itself. */
  readonly disableExecPlugin?: boolean;
}

/** What programs take as a wish to read their files again. */
const RELOAD_SIGNALS = ['SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGWINCH', 'SIGINT', 'SIGTERM'] as const;

const DEFAULT_TIMEOUT_MS = 30_000;

/** @throws UsageError, or TeleportError `bad_parameter`, naming the option. */
export function planGenerate(
  given: GenerateArguments,
  env: Readonly<Record<string, string | undefined>>,
): GeneratePlan {
  const socket = socketOf(given, env);
  const request = requestOf(given);
  const files = fileOptionsOf(given);
  const target = targetOf(given);
  if (given.watch && target.type === 'print') {
    throw new UsageError('--watch keeps files fresh: it needs --out or --exec');
  }
  if (target.type === 'print' && target.format === 'exec-credential' && given.kind !== 'kubernetes') {
    throw new UsageError('--print exec-credential is for kubernetes alone');
  }
  return {
    socket,
    request,
    target,
    files,
    timeoutMs: timeoutOf(given),
    wait: given.wait ?? false,
    dryRun: given.dryRun ?? false,
    watch: given.watch ?? false,
    ...(given.reloadSignal === undefined ? {} : { reloadSignal: reloadSignalOf(given, given.reloadSignal) }),
  };
}

/** @throws UsageError when neither the command line nor the environment names one */
export function socketOf(
  given: { readonly socket?: string },
  env: Readonly<Record<string, string | undefined>>,
): string {
  const socket = given.socket ?? env.TBOT_SOCKET;
  if (!socket) {
    throw new UsageError('no socket is given', "name the agent's socket with --socket, or in TBOT_SOCKET");
  }
  return socket;
}

/** How long a command waits. @throws UsageError for what is no duration */
export function timeoutOf({ timeout }: Pick<GenerateArguments, 'timeout'>): number {
  return timeout === undefined ? DEFAULT_TIMEOUT_MS : durationOf('--timeout', timeout);
}

/** What a command line asks for. @throws UsageError naming the option */
export function requestOf(given: GenerateArguments): IdentityRequest {
  const { roles } = given;
  if (roles?.includes('')) throw new UsageError('--roles holds an empty name');
  const ttlMs = given.ttl === undefined ? undefined : durationOf('--ttl', given.ttl);
  const common = {
    ...(given.cluster ? { cluster: given.cluster } : {}),
    ...(roles ? { roles } : {}),
    ...(ttlMs === undefined ? {} : { ttlMs }),
  };
  switch (given.kind) {
    case 'identity':
      return { kind: 'identity', ...common };
    case 'application':
      return { kind: 'application', name: required('--app-name', given.appName), ...common };
    case 'database':
      return {
        kind: 'database',
        name: required('--service', given.service),
        ...(given.username ? { username: given.username } : {}),
        ...(given.database ? { database: given.database } : {}),
        ...common,
      };
    case 'kubernetes':
      return { kind: 'kubernetes', name: required('--kubernetes-cluster', given.kubernetesCluster), ...common };
  }
}

function targetOf(given: GenerateArguments): GenerateTarget {
  const { out, print, exec } = given;
  const ways = [out !== undefined && '--out', print !== undefined && '--print', exec && '--exec'].filter(Boolean);
  if (ways.length > 1) throw new UsageError(`${ways.join(' and ')} exclude each other`);
  if (print !== undefined) return { type: 'print', format: oneOf('--print', print, PRINT_FORMATS) };
  if (exec) {
    if (exec.length === 0) throw new UsageError('--exec needs a command behind it');
    return { type: 'command', words: exec };
  }
  if (out === undefined && given.dryRun) return { type: 'nothing' };
  if (!out) {
    throw new UsageError(
      '--out is missing or empty',
      'give a directory, as in --out file:///tmp/credentials, or take --print or --exec',
    );
  }
  const destination = parseDestinationUri(out);
  if (destination.type === 'memory') {
    throw new UsageError('--out memory:// would be gone when the command ends', 'give a directory');
  }
  return destination;
}

function fileOptionsOf(given: GenerateArguments): FileOptions {
  const { format, sshConfig } = given;
  return {
    ...(given.specificTlsNaming ? { specificTlsNaming: true } : {}),
    // tbot's own default is the empty text.
    ...(format ? { format: oneOf('--format', format, DATABASE_FORMATS) } : {}),
    ...(sshConfig === undefined ? {} : { sshConfig: oneOf('--ssh-config', sshConfig, ['on', 'off']) === 'on' }),
    ...(given.disableExecPlugin ? { disableExecPlugin: true } : {}),
  };
}

/** `HUP` and `SIGHUP` are the same to everybody. */
function reloadSignalOf({ watch, exec }: GenerateArguments, text: string): NodeJS.Signals {
  if (!watch || !exec) throw new UsageError('--reload-signal goes with --watch and --exec');
  return oneOf('--reload-signal', `SIG${text.toUpperCase().replace(/^SIG/, '')}`, RELOAD_SIGNALS);
}

function required(option: string, value: string | undefined): string {
  if (!value) throw new UsageError(`${option} is missing or empty`, `give the exact name, as in ${option} NAME`);
  return value;
}

function oneOf<Value extends string>(option: string, text: string, values: readonly Value[]): Value {
  const found = values.find((value) => value === text);
  if (found === undefined) {
    throw new UsageError(`${option} ${JSON.stringify(text)} is none of its values`, `it takes ${values.join(', ')}`);
  }
  return found;
}
