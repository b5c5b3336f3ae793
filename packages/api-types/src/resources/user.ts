import { badParameter } from '../bad-parameter.ts';
import { type EnumText, enumTexts } from '../enum-text.ts';
import { type ExternalIdentity, MFADeviceKind, PasswordState, UserSpecV2, UserV2 } from '../gen/teleport/types/user.ts';
import { fromTimestamp, goZeroTime } from '../timestamp.ts';
import type { Traits } from '../traits.ts';
import { changedLabelValues, fromLabelValues, type LabelSelector, labelValues } from './labels.ts';
import { checkMetadata } from './metadata.ts';
import { metadataFrom, type ResourceFields, type ResourceView, resourceView } from './resource.ts';

const BOT_LABEL = 'teleport.internal/bot';
const PASSWORD_STATE = enumTexts('passwordState', PasswordState, 'PASSWORD_STATE_');
const WEAKEST_DEVICE = enumTexts('weakestMfaDevice', MFADeviceKind, 'MFA_DEVICE_KIND_');

/** Who a user is at a provider of identities. */
export interface UserIdentity {
  readonly connector: string;
  readonly username: string;
}

/** A person, or the user behind a bot. */
export interface User extends ResourceView<UserV2> {
  readonly roles: readonly string[];
  readonly traits: Traits;
  /** The bot that it is the user of. */
  readonly botName: string | undefined;
  /** Locked out after failed logins; not by a lock. */
  readonly lockout:
    | { readonly message: string; readonly since: Date | undefined; readonly until: Date | undefined }
    | undefined;
  readonly createdBy: {
    readonly user: string;
    readonly time: Date | undefined;
    /** The connector by which the user has logged in first; undefined for a local user. */
    readonly connector: string | undefined;
  };
  readonly oidcIdentities: readonly UserIdentity[];
  readonly samlIdentities: readonly UserIdentity[];
  readonly gitHubIdentities: readonly UserIdentity[];
  readonly trustedDeviceIds: readonly string[];
  readonly passwordState: EnumText<typeof PasswordState, 'PASSWORD_STATE_'>;
  readonly weakestMfaDevice: EnumText<typeof MFADeviceKind, 'MFA_DEVICE_KIND_'>;
}

/** What {@link newUser} makes a user of. */
export interface UserFields extends ResourceFields<UserV2> {
  readonly roles?: readonly string[];
  readonly traits?: LabelSelector;
}

/** A user as its message says it. */
export function userView(message: UserV2): User {
  const view = resourceView(message);
  const spec = message.Spec ?? UserSpecV2.create();
  const { Status, CreatedBy } = spec;
  return {
    ...view,
    expires: view.expires ?? fromTimestamp(spec.Expires),
    roles: spec.Roles,
    traits: fromLabelValues(spec.Traits),
    botName: message.Metadata?.Labels.get(BOT_LABEL),
    lockout: Status?.IsLocked
      ? {
          message: Status.LockedMessage,
          since: fromTimestamp(Status.LockedTime),
          until: fromTimestamp(Status.LockExpires),
        }
      : undefined,
    createdBy: {
      user: CreatedBy?.User?.Name ?? '',
      time: fromTimestamp(CreatedBy?.Time),
      connector: CreatedBy?.Connector?.ID,
    },
    oidcIdentities: spec.OIDCIdentities.map(identityView),
    samlIdentities: spec.SAMLIdentities.map(identityView),
    gitHubIdentities: spec.GithubIdentities.map(identityView),
    trustedDeviceIds: spec.TrustedDeviceIDs,
    passwordState: PASSWORD_STATE.textOf(message.Status?.passwordState ?? 0),
    weakestMfaDevice: WEAKEST_DEVICE.textOf(message.Status?.mfaWeakestDevice ?? 0),
  };
}

const identityView = ({ ConnectorID, Username }: ExternalIdentity): UserIdentity => ({
  connector: ConnectorID,
  username: Username,
});

/**
 * A user resource, checked and with its defaults.
 *
 * @throws TeleportError `bad_parameter`, naming the field
 * @example
 * newUser({ name: 'alice', roles: ['access'], traits: { logins: ['root'] } });
 */
export function newUser(fields: UserFields): UserV2 {
  const before = fields.raw ?? UserV2.create();
  const spec = before.Spec ?? UserSpecV2.create();
  return checkAndSetDefaults({
    ...before,
    Metadata: metadataFrom(fields),
    Spec: {
      ...spec,
      Roles: fields.roles ? [...fields.roles] : spec.Roles,
      Traits: changedLabelValues(fields.traits, spec.Traits),
    },
  });
}

/**
 * What holds for any user, whichever cluster it is for, with the defaults that the basic part of a cluster fills in.
 *
 * @throws TeleportError `bad_parameter`, with the texts of a Teleport 18
 */
export function checkAndSetDefaults(user: UserV2): UserV2 {
  const Metadata = checkMetadata(user.Metadata);
  const spec = user.Spec ?? UserSpecV2.create();
  for (const { ConnectorID, Username } of spec.OIDCIdentities) {
    if (ConnectorID === '') throw badParameter('ConnectorID: missing value');
    if (Username === '') throw badParameter('Username: missing username');
  }
  const none = goZeroTime();
  return {
    ...user,
    Kind: 'user',
    Version: 'v2',
    Metadata,
    Spec: {
      ...spec,
      Traits: spec.Traits ?? labelValues(),
      Status: spec.Status ?? { IsLocked: false, LockedMessage: '', LockedTime: none, LockExpires: none },
      Expires: spec.Expires ?? none,
    },
  };
}
