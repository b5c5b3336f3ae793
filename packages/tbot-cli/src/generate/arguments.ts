/** What a command line of `tbot generate … application` says, as text and not yet judged. */
export interface GenerateArguments {
  readonly socket?: string;
  readonly appName?: string;
  readonly cluster?: string;
  readonly out?: string;
  readonly ttl?: string;
  readonly timeout?: string;
  readonly roles?: readonly string[];
  readonly specificTlsNaming?: boolean;
}

/** An option that takes one value. */
export type ValueOption = Exclude<keyof GenerateArguments, 'roles' | 'specificTlsNaming'>;

/** The options that take one value: name on the command line, then tbot's other names for it. */
export const VALUE_OPTIONS: Readonly<Record<ValueOption, readonly string[]>> = {
  socket: ['socket'],
  appName: ['app-name', 'app'],
  cluster: ['cluster'],
  out: ['out', 'destination'],
  ttl: ['ttl', 'certificate-ttl'],
  timeout: ['timeout'],
};

/** Splits what was given to `--roles`, which takes several by commas and may be repeated. */
export function splitRoles(values: readonly string[]): string[] {
  return values.flatMap((value) => value.split(',')).map((role) => role.trim());
}
