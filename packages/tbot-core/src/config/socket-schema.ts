import { isAbsolute } from 'node:path';
import { z } from 'zod';
import { parseSocketPath } from '../client/socket-path.ts';
import { CREDENTIAL_KINDS } from '../destination-host.ts';
import {
  DEFAULT_SOCKET_LIMITS,
  MIN_TTL_MS,
  type Principal,
  type SocketConfig,
  type SocketLimits,
  type UserOrGroupName,
} from './config.ts';
import { durationMs, FieldError, field, filledList, flag, text, textAs, typeName, word } from './fields.ts';

const userOrGroup: z.ZodType<UserOrGroupName> = field((value) => {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0) return value;
  if (typeof value === 'string' && value.trim() !== '') return /^\d+$/.test(value) ? Number(value) : value;
  throw new FieldError(`must be a name or a numeric id, not ${typeName(value)}`);
});

const principal: z.ZodType<Principal> = z
  .strictObject({ user: userOrGroup.optional(), group: userOrGroup.optional() })
  .transform((entry, context): Principal => {
    if (entry.user !== undefined && entry.group === undefined) return { user: entry.user };
    if (entry.group !== undefined && entry.user === undefined) return { group: entry.group };
    context.addIssue({
      code: 'custom',
      message: 'must name either a user or a group',
      params: { hint: 'one entry each: [{ user: a }, { group: b }]' },
    });
    return z.NEVER;
  }) as unknown as z.ZodType<Principal>;

const mode: z.ZodType<number> = field((value) => {
  if (typeof value !== 'string') {
    throw new FieldError(
      'must be an octal file mode in quotes',
      'YAML reads 0660 as another number: write mode: "0660"',
    );
  }
  if (!/^(0o)?[0-7]{3,4}$/.test(value))
    throw new FieldError(`is not an octal file mode: ${JSON.stringify(value)}`, 'write it like "0660"');
  const bits = Number.parseInt(value.replace('0o', ''), 8);
  if (bits > 0o777)
    throw new FieldError(`${JSON.stringify(value)} sets more than permissions`, 'use three digits, like "0660"');
  if ((bits & 0o600) !== 0o600)
    throw new FieldError(`${JSON.stringify(value)} locks out the owner`, 'the owner needs 6 or 7');
  return bits;
});

const PER_SECOND: Record<string, number> = { s: 1, m: 1 / 60, h: 1 / 3600 };

/** `50/s`, `600/m`, `100/h` as a number per second; `off` as infinity. */
const rate: z.ZodType<number> = field((value) => {
  if (value === 'off') return Number.POSITIVE_INFINITY;
  const match = typeof value === 'string' ? /^(\d+(?:\.\d+)?)\s*\/\s*(s|m|h)$/.exec(value.trim()) : null;
  const perSecond = match ? Number(match[1]) * PER_SECOND[match[2]!]! : 0;
  if (perSecond <= 0)
    throw new FieldError(`is not a rate: ${JSON.stringify(value)}`, 'write it like 50/s or 600/m, or off');
  return perSecond;
});

const count: z.ZodType<number> = field((value) => {
  if (value === 'off') return Number.POSITIVE_INFINITY;
  if (typeof value === 'number' && Number.isInteger(value) && value > 0) return value;
  throw new FieldError(`must be a whole number above zero, or off, not ${typeName(value)}`);
});

const limitsMap = z.strictObject({
  rate: rate.optional(),
  burst: count.optional(),
  rate_per_user: rate.optional(),
  streams: count.optional(),
});

const limits: z.ZodType<SocketLimits> = z.preprocess(
  (value) => (value === 'off' ? { rate: 'off', burst: 'off', rate_per_user: 'off', streams: 'off' } : value),
  limitsMap.transform((given): SocketLimits => {
    const chosen = {
      ratePerSecond: given.rate ?? DEFAULT_SOCKET_LIMITS.ratePerSecond,
      burst: given.burst ?? DEFAULT_SOCKET_LIMITS.burst,
      ratePerUserPerSecond: given.rate_per_user ?? DEFAULT_SOCKET_LIMITS.ratePerUserPerSecond,
      streams: given.streams ?? DEFAULT_SOCKET_LIMITS.streams,
    };
    return Object.fromEntries(Object.entries(chosen).filter(([, limit]) => Number.isFinite(limit)));
  }),
) as unknown as z.ZodType<SocketLimits>;

const maxTtl: z.ZodType<number> = field((value) => {
  const ms = durationMs(value);
  if (ms < MIN_TTL_MS) throw new FieldError(`${String(value)} is below the shortest lifetime, 1m`);
  return ms;
});

const absolutePath: z.ZodType<string> = textAs((value) => {
  if (!isAbsolute(value)) throw new FieldError(`is not an absolute path: ${JSON.stringify(value)}`);
  return value;
});

const socketPath: z.ZodType<string> = textAs((value) => {
  const path = parseSocketPath(value);
  if (!isAbsolute(path)) {
    throw new FieldError(
      `is not an absolute path: ${JSON.stringify(value)}`,
      'write /run/tbot.sock or file:///run/tbot.sock',
    );
  }
  return path;
});

const auditMap = z.strictObject({ file: absolutePath, chain: flag.optional() });

const socketMap = z.strictObject({
  path: socketPath,
  roles: filledList(text, 'all roles that the bot may impersonate can be asked for').optional(),
  mode: mode.optional(),
  owner: userOrGroup.optional(),
  group: userOrGroup.optional(),
  readers: z.array(principal).optional(),
  allow: filledList(principal, 'whoever the file system lets in may ask').optional(),
  kinds: filledList(word('kind', CREDENTIAL_KINDS), 'all kinds are served').optional(),
  applications: filledList(text, 'every application may be asked for').optional(),
  databases: filledList(text, 'every database may be asked for').optional(),
  kubernetes_clusters: filledList(text, 'every Kubernetes cluster may be asked for').optional(),
  clusters: filledList(text, "the bot's own cluster and its leaves may be named").optional(),
  max_ttl: maxTtl.optional(),
  limits: limits.optional(),
  audit: auditMap.optional(),
});

/** One entry of `sockets`. */
export const socketSchema: z.ZodType<SocketConfig> = socketMap.transform(
  (given): SocketConfig => ({
    path: given.path,
    ...(given.roles && { roles: unique(given.roles) }),
    mode: given.mode ?? 0o600,
    ...(given.owner !== undefined && { owner: given.owner }),
    ...(given.group !== undefined && { group: given.group }),
    readers: given.readers ?? [],
    ...(given.allow && { allow: given.allow }),
    kinds: unique(given.kinds ?? CREDENTIAL_KINDS),
    ...(given.applications && { applications: unique(given.applications) }),
    ...(given.databases && { databases: unique(given.databases) }),
    ...(given.kubernetes_clusters && { kubernetesClusters: unique(given.kubernetes_clusters) }),
    ...(given.clusters && { clusters: unique(given.clusters) }),
    ...(given.max_ttl !== undefined && { maxTtlMs: given.max_ttl }),
    limits: given.limits ?? DEFAULT_SOCKET_LIMITS,
    ...(given.audit && { audit: { file: given.audit.file, ...(given.audit.chain && { chain: true }) } }),
  }),
) as unknown as z.ZodType<SocketConfig>;

/** Known keys below `sockets[]`, by path, for suggestions. */
export const SOCKET_KEYS: Readonly<Record<string, readonly string[]>> = {
  'sockets[]': Object.keys(socketMap.shape),
  'sockets[].limits': Object.keys(limitsMap.shape),
  'sockets[].audit': Object.keys(auditMap.shape),
  'sockets[].allow[]': ['user', 'group'],
  'sockets[].readers[]': ['user', 'group'],
};

function unique<T>(list: readonly T[]): T[] {
  return [...new Set(list)];
}
