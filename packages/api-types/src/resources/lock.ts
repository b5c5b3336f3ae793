import { randomUUID } from 'node:crypto';
import { badParameter } from '../bad-parameter.ts';
import { LockSpecV2, LockTarget as LockTargetMessage, LockV2 } from '../gen/teleport/types/lock.ts';
import { fromTimestamp, goZeroTime } from '../timestamp.ts';
import { checkMetadata } from './metadata.ts';
import { metadataFrom, type ResourceFields, type ResourceView, resourceView, timestampFrom } from './resource.ts';

const TARGETS = {
  user: 'User',
  role: 'Role',
  login: 'Login',
  mfaDevice: 'MFADevice',
  windowsDesktop: 'WindowsDesktop',
  accessRequest: 'AccessRequest',
  device: 'Device',
  serverId: 'ServerID',
} as const satisfies Record<keyof LockTarget, keyof LockTargetMessage>;

/** Who or what is locked: at least one member, and of several each by itself is locked. */
export interface LockTarget {
  readonly user?: string;
  readonly role?: string;
  /** A login on nodes. */
  readonly login?: string;
  /** The id of a node or of another host, with or without the cluster's name behind it. */
  readonly serverId?: string;
  readonly mfaDevice?: string;
  readonly windowsDesktop?: string;
  /** The id of an access request. */
  readonly accessRequest?: string;
  /** The id of a trusted device. */
  readonly device?: string;
}

/** Who or what is shut out at once: sessions end, and nothing is issued. Its name is an id. */
export interface Lock extends ResourceView<LockV2> {
  readonly target: LockTarget;
  /** What the locked are told. */
  readonly message: string;
  /** Until when it is in force; undefined: until it is deleted. */
  readonly expires: Date | undefined;
  readonly createdAt: Date | undefined;
  readonly createdBy: string;
}

/** What {@link newLock} makes a lock of. */
export interface LockFields extends Omit<ResourceFields<LockV2>, 'name'> {
  /** Default: a new UUID. */
  readonly name?: string;
  readonly target: LockTarget;
  readonly message?: string;
}

/** A lock as its message says it. */
export function lockView(message: LockV2): Lock {
  const spec = message.Spec ?? LockSpecV2.create();
  return {
    ...resourceView(message),
    target: targetView(spec.Target),
    message: spec.Message,
    expires: fromTimestamp(spec.Expires),
    createdAt: fromTimestamp(spec.CreatedAt),
    createdBy: spec.CreatedBy,
  };
}

/** Whether a lock shuts out at a time. */
export function isInForce(lock: Lock, at: Date): boolean {
  return lock.expires === undefined || lock.expires > at;
}

/**
 * A lock resource, checked and with its defaults.
 *
 * @throws TeleportError `bad_parameter`, naming the field
 * @example
 * newLock({ target: { user: 'bob' }, message: 'call security', expires: new Date(Date.now() + 3_600_000) });
 */
export function newLock({ name = randomUUID(), ...fields }: LockFields): LockV2 {
  const before = fields.raw ?? LockV2.create();
  const spec = before.Spec ?? LockSpecV2.create();
  const { expires, ...others } = fields;
  return checkAndSetDefaults({
    ...before,
    // A lock outlives its end: the metadata's would delete it.
    Metadata: metadataFrom({ ...others, name }),
    Spec: {
      ...spec,
      Target: { ...spec.Target, ...lockTarget(fields.target) },
      Message: fields.message ?? spec.Message,
      Expires: 'expires' in fields ? timestampFrom(expires, spec.Expires) : spec.Expires,
    },
  });
}

/**
 * What holds for any lock, whichever cluster it is for, with the defaults that the basic part of a cluster fills in.
 *
 * @throws TeleportError `bad_parameter`, with the texts of a Teleport 18
 */
export function checkAndSetDefaults(lock: LockV2): LockV2 {
  const Metadata = checkMetadata(lock.Metadata);
  const spec = lock.Spec ?? LockSpecV2.create();
  const { Target } = spec;
  if (!Target || Object.values(TARGETS).every((field) => Target[field] === '')) {
    throw badParameter('at least one target field must be set');
  }
  return {
    ...lock,
    Kind: 'lock',
    Version: 'v2',
    Metadata,
    Spec: { ...spec, CreatedAt: spec.CreatedAt ?? goZeroTime() },
  };
}

/** A target as messages hold it. */
export function lockTarget(target: LockTarget): LockTargetMessage {
  return LockTargetMessage.create(Object.fromEntries(entries().map(([name, field]) => [field, target[name] ?? ''])));
}

function targetView(message: LockTargetMessage | undefined): LockTarget {
  const set = entries().filter(([, field]) => message?.[field]);
  return Object.fromEntries(set.map(([name, field]) => [name, message?.[field]]));
}

const entries = (): [keyof typeof TARGETS, (typeof TARGETS)[keyof typeof TARGETS]][] =>
  Object.entries(TARGETS) as ReturnType<typeof entries>;
