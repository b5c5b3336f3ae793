import { resolve } from 'node:path';
import { z } from 'zod';
import { parseClusterAddress } from './cluster-address.ts';
import type { DiagAddress, SocketConfig, StoreConfig } from './config.ts';
import { parseDiagAddress } from './diag-address.ts';
import { duration, FieldError, field, flag, text, textAs, typeName, word } from './fields.ts';
import { SOCKET_KEYS, socketSchema } from './socket-schema.ts';

/** Join methods of tbot 18 that this version does not have yet. */
const LATER_JOIN_METHODS = [
  'azure',
  'azure_devops',
  'bitbucket',
  'bound_keypair',
  'circleci',
  'gcp',
  'github',
  'gitlab',
  'iam',
  'kubernetes',
  'spacelift',
  'terraform_cloud',
  'tpm',
];

export const joinMethod: z.ZodType<'token'> = word('join method', ['token'] as const, LATER_JOIN_METHODS);

export const caPin: z.ZodType<string> = textAs((value) => {
  const pin = value.trim().toLowerCase();
  if (/^sha256:[0-9a-f]{64}$/.test(pin)) return pin;
  throw new FieldError(
    `is not a CA pin: ${JSON.stringify(value)}`,
    'a pin is sha256: and 64 hex digits; `tctl status` prints it',
  );
});

/** `diag_addr`. */
export const diagAddress: z.ZodType<DiagAddress> = textAs(parseDiagAddress);

const notYet = (what: string, instead: string): z.ZodType<undefined> =>
  field((): undefined => {
    throw new FieldError(`${what} is not supported by this version`, instead);
  });

/** A switch of tbot that may only stand where it changes nothing. */
const onlyOff = (what: string): z.ZodType<false> =>
  field((value): false => {
    if (typeof value !== 'boolean') throw new FieldError(`must be true or false, not ${typeName(value)}`);
    if (value) throw new FieldError(`${what} is not supported by this version`, 'leave it out');
    return false;
  });

const onboardingMap = z.strictObject({
  token: text.optional(),
  join_method: joinMethod.optional(),
  ca_pins: z.array(caPin).optional(),
  ca_path: text.optional(),
  azure: notYet('joining by azure', 'supported join methods: token').optional(),
  gitlab: notYet('joining by gitlab', 'supported join methods: token').optional(),
  terraform: notYet('joining by terraform', 'supported join methods: token').optional(),
  bound_keypair: notYet('joining by bound_keypair', 'supported join methods: token').optional(),
});

const storeMap = z.strictObject({
  type: word('storage type', ['memory', 'directory'] as const, ['kubernetes_secret']),
  path: text.optional(),
  symlinks: word('symlinks mode', ['secure', 'try-secure'] as const, ['insecure']).optional(),
  acls: word('acls mode', ['off', 'try'] as const, ['required']).optional(),
  readers: notYet('sharing the bot’s own storage', 'leave readers out: the storage is the bot’s alone').optional(),
});

const store: z.ZodType<StoreConfig> = storeMap.transform((given, context): StoreConfig => {
  if (given.type === 'directory') {
    if (given.path !== undefined) return { type: 'directory', path: resolve(given.path) };
    context.addIssue({
      code: 'custom',
      message: 'a directory needs a path',
      params: { hint: 'path: /var/lib/teleport/bot' },
    });
    return z.NEVER;
  }
  if (given.path === undefined) return { type: 'memory' };
  context.addIssue({
    code: 'custom',
    message: 'memory takes no path',
    params: { hint: 'did you mean type: directory?' },
  });
  return z.NEVER;
}) as unknown as z.ZodType<StoreConfig>;

/** `outputs` and `services`: none can be run yet, so each that is there is refused by its kind. */
const noServices = z.array(
  field((entry): never => {
    const type = typeof entry === 'object' && entry !== null ? (entry as { type?: unknown }).type : undefined;
    const kind = typeof type === 'string' ? `of type ${JSON.stringify(type)} ` : '';
    throw new FieldError(
      `a service ${kind}is not supported by this version`,
      'credentials are asked for on `sockets`, by `tbot generate`',
    );
  }),
);

const fileMap = z.strictObject({
  version: field((value): 'v2' => {
    if (value === 'v2') return 'v2';
    const hint =
      value === 'v1' ? 'convert the file with Teleport’s own `tbot migrate`' : 'write version: v2, or leave it out';
    throw new FieldError(`unsupported version ${JSON.stringify(value)}`, hint);
  }).optional(),
  auth_server: textAs(parseClusterAddress).optional(),
  proxy_server: textAs(parseClusterAddress).optional(),
  onboarding: onboardingMap.optional(),
  storage: store.optional(),
  store: store.optional(),
  credential_ttl: duration.optional(),
  certificate_ttl: duration.optional(),
  renewal_interval: duration.optional(),
  insecure: flag.optional(),
  debug: flag.optional(),
  oneshot: onlyOff('oneshot').optional(),
  fips: onlyOff('fips').optional(),
  diag_addr: diagAddress.optional(),
  sockets: z.array(socketSchema).optional(),
  outputs: noServices.optional(),
  services: noServices.optional(),
});

/** The keys of a file as they stand there, each value checked on its own. */
export interface ConfigFile {
  auth_server?: string | undefined;
  proxy_server?: string | undefined;
  onboarding?:
    | {
        token?: string | undefined;
        join_method?: 'token' | undefined;
        ca_pins?: string[] | undefined;
        ca_path?: string | undefined;
      }
    | undefined;
  storage?: StoreConfig | undefined;
  store?: StoreConfig | undefined;
  credential_ttl?: number | undefined;
  certificate_ttl?: number | undefined;
  renewal_interval?: number | undefined;
  insecure?: boolean | undefined;
  debug?: boolean | undefined;
  diag_addr?: DiagAddress | undefined;
  sockets?: SocketConfig[] | undefined;
}

/** The schema of a `tbot.yaml`: the RFD's keys and those of tbot 18's `version: v2` that are supported. */
export const configFileSchema: z.ZodType<ConfigFile> = fileMap as unknown as z.ZodType<ConfigFile>;

/** Known keys by path, list indexes left out, for suggestions. */
export const KNOWN_KEYS: Readonly<Record<string, readonly string[]>> = {
  '': Object.keys(fileMap.shape),
  onboarding: Object.keys(onboardingMap.shape),
  store: Object.keys(storeMap.shape),
  storage: Object.keys(storeMap.shape),
  ...SOCKET_KEYS,
};
