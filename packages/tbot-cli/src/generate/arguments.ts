import type { CredentialKind } from '@teleport-ts/tbot-core/client';

/** What a command line of `tbot generate` says, as text and not yet judged. */
export interface GenerateArguments {
  readonly kind: CredentialKind;
  readonly socket?: string;
  readonly timeout?: string;
  readonly cluster?: string;
  readonly out?: string;
  readonly print?: string;
  readonly ttl?: string;
  /** Of an application. */
  readonly appName?: string;
  /** Of a database. */
  readonly service?: string;
  readonly username?: string;
  readonly database?: string;
  readonly format?: string;
  /** Of a Kubernetes cluster. */
  readonly kubernetesCluster?: string;
  readonly sshConfig?: string;
  readonly roles?: readonly string[];
  readonly wait?: boolean;
  readonly dryRun?: boolean;
  readonly watch?: boolean;
  /** Of a renewal, to the command behind `--exec`. */
  readonly reloadSignal?: string;
  readonly specificTlsNaming?: boolean;
  readonly disableExecPlugin?: boolean;
  /** A command and its arguments, to run with the credential. */
  readonly exec?: readonly string[];
}

/** The kinds of credentials: word on the command line, then tbot's other words for it. */
export const KIND_WORDS: Readonly<Record<CredentialKind, readonly string[]>> = {
  identity: ['identity', 'ssh', 'id'],
  application: ['application', 'app'],
  database: ['database', 'db'],
  kubernetes: ['kubernetes', 'k8s'],
};

/** An option that takes one value. */
export type ValueOption = Exclude<keyof GenerateArguments, 'kind' | 'roles' | 'exec' | FlagOption>;

/** An option that takes none. */
export type FlagOption = 'wait' | 'dryRun' | 'watch' | 'specificTlsNaming' | 'disableExecPlugin';

/** How an option is written: its name, then tbot's other names for it, and the kinds that know it. */
export interface OptionShape {
  readonly names: readonly string[];
  /** Default: every kind. */
  readonly kinds?: readonly CredentialKind[];
  /** May stand before the kind too. */
  readonly isGeneral?: boolean;
}

/** The options that take one value. */
export const VALUE_OPTIONS: Readonly<Record<ValueOption, OptionShape>> = {
  socket: { names: ['socket'], isGeneral: true },
  timeout: { names: ['timeout'], isGeneral: true },
  cluster: { names: ['cluster'] },
  out: { names: ['out', 'destination'] },
  print: { names: ['print'] },
  ttl: { names: ['ttl', 'certificate-ttl'] },
  reloadSignal: { names: ['reload-signal'] },
  appName: { names: ['app-name', 'app'], kinds: ['application'] },
  service: { names: ['service'], kinds: ['database'] },
  username: { names: ['username'], kinds: ['database'] },
  database: { names: ['database'], kinds: ['database'] },
  format: { names: ['format'], kinds: ['database'] },
  kubernetesCluster: { names: ['kubernetes-cluster'], kinds: ['kubernetes'] },
  sshConfig: { names: ['ssh-config'], kinds: ['identity'] },
};

/** The options that take none. */
export const FLAG_OPTIONS: Readonly<Record<FlagOption, OptionShape>> = {
  wait: { names: ['wait'] },
  dryRun: { names: ['dry-run'] },
  watch: { names: ['watch'] },
  specificTlsNaming: { names: ['specific-tls-naming', 'specific-tls-extensions'], kinds: ['application'] },
  disableExecPlugin: { names: ['disable-exec-plugin'], kinds: ['kubernetes'] },
};

/** Behind this word stands a command with its arguments, up to the end of the line. */
export const EXEC_WORD = '--exec';

/** Splits what was given to `--roles`, which takes several by commas and may be repeated. */
export function splitRoles(values: readonly string[]): string[] {
  return values.flatMap((value) => value.split(',')).map((role) => role.trim());
}
