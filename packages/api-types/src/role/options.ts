import { msFromNanoseconds, nanosecondsFromMs } from '../duration.ts';
import { type EnumText, enumTexts } from '../enum-text.ts';
import { RequireMFAType } from '../gen/teleport/types/mfa_policy.ts';
import type { BoolValue } from '../gen/teleport/types/resource.ts';
import { CreateDatabaseUserMode, CreateHostUserMode, RoleOptions } from '../gen/teleport/types/role.ts';
import { fromDurationMessage, toDurationMessage } from '../timestamp.ts';

const MFA = enumTexts('requireSessionMfa', RequireMFAType, '');
const HOST_USER_MODE = enumTexts('createHostUserMode', CreateHostUserMode, 'HOST_USER_MODE_');
const DATABASE_USER_MODE = enumTexts('createDatabaseUserMode', CreateDatabaseUserMode, 'DB_USER_MODE_');

/** The terms of sessions of a role; what is undefined has the default of its version. */
export interface RoleOptionsView {
  /** Longest life of a certificate, in milliseconds. */
  readonly maxSessionTtlMs: number;
  /** Ends idle sessions, in milliseconds; 0: never. */
  readonly clientIdleTimeoutMs: number;
  readonly forwardAgent: boolean;
  readonly permitX11Forwarding: boolean;
  readonly disconnectExpiredCert: boolean;
  /** `standard`. */
  readonly certificateFormat: string;
  /** Kinds of kernel events that are recorded: `command`, `disk`, `network`. */
  readonly enhancedRecording: readonly string[];
  /** 0: no limit. */
  readonly maxConnections: number;
  readonly maxKubernetesConnections: number;
  readonly maxSessions: number;
  /** `optional`, `always` or `reason`. */
  readonly requestAccess: string;
  readonly requestPrompt: string;
  /** `strict` or `best_effort`: what to do when locks are not known. */
  readonly lock: string;
  readonly recordSession:
    | { readonly desktop: boolean | undefined; readonly default: string; readonly ssh: string }
    | undefined;
  readonly sshFileCopy: boolean | undefined;
  readonly sshPortForwarding: { readonly local: boolean | undefined; readonly remote: boolean | undefined } | undefined;
  readonly desktopClipboard: boolean | undefined;
  readonly desktopDirectorySharing: boolean | undefined;
  readonly createDesktopUser: boolean | undefined;
  readonly createDatabaseUserMode: EnumText<typeof CreateDatabaseUserMode, 'DB_USER_MODE_'>;
  readonly createHostUserMode: EnumText<typeof CreateHostUserMode, 'HOST_USER_MODE_'>;
  readonly createHostUserDefaultShell: string;
  readonly pinSourceIp: boolean;
  readonly requireSessionMfa: EnumText<typeof RequireMFAType, ''>;
  /** How often a second factor is asked for, in milliseconds. */
  readonly mfaVerificationIntervalMs: number;
  readonly deviceTrustMode: string;
}

/** As {@link RoleOptionsView}, with any field left out. */
export type RoleOptionsFields = Partial<RoleOptionsView>;

/** The options of a message. */
export function optionsView(options: RoleOptions = RoleOptions.create()): RoleOptionsView {
  const { RecordSession, SSHPortForwarding } = options;
  return {
    maxSessionTtlMs: msFromNanoseconds(options.MaxSessionTTL),
    clientIdleTimeoutMs: msFromNanoseconds(options.ClientIdleTimeout),
    forwardAgent: options.ForwardAgent,
    permitX11Forwarding: options.PermitX11Forwarding,
    disconnectExpiredCert: options.DisconnectExpiredCert,
    certificateFormat: options.CertificateFormat,
    enhancedRecording: options.BPF,
    maxConnections: Number(options.MaxConnections),
    maxKubernetesConnections: Number(options.MaxKubernetesConnections),
    maxSessions: Number(options.MaxSessions),
    requestAccess: options.RequestAccess,
    requestPrompt: options.RequestPrompt,
    lock: options.Lock,
    recordSession: RecordSession && {
      desktop: RecordSession.Desktop?.Value,
      default: RecordSession.Default,
      ssh: RecordSession.SSH,
    },
    sshFileCopy: options.SSHFileCopy?.Value,
    sshPortForwarding: SSHPortForwarding && {
      local: SSHPortForwarding.Local?.Enabled?.Value,
      remote: SSHPortForwarding.Remote?.Enabled?.Value,
    },
    desktopClipboard: options.DesktopClipboard?.Value,
    desktopDirectorySharing: options.DesktopDirectorySharing?.Value,
    createDesktopUser: options.CreateDesktopUser?.Value,
    createDatabaseUserMode: DATABASE_USER_MODE.textOf(options.CreateDatabaseUserMode),
    createHostUserMode: HOST_USER_MODE.textOf(options.CreateHostUserMode),
    createHostUserDefaultShell: options.CreateHostUserDefaultShell,
    pinSourceIp: options.PinSourceIP,
    requireSessionMfa: MFA.textOf(options.RequireMFAType),
    mfaVerificationIntervalMs: fromDurationMessage(options.MFAVerificationInterval) ?? 0,
    deviceTrustMode: options.DeviceTrustMode,
  };
}

/**
 * The message of options, written onto the one before; what is not given stays as it was.
 *
 * @throws TeleportError `bad_parameter` for a text that is no value of its enumeration
 */
export function optionsFrom(fields: RoleOptionsFields, before: RoleOptions = RoleOptions.create()): RoleOptions {
  const now = { ...optionsView(before), ...fields };
  const { recordSession, sshPortForwarding, mfaVerificationIntervalMs } = now;
  return {
    ...before,
    MaxSessionTTL: nanosecondsFromMs(now.maxSessionTtlMs),
    ClientIdleTimeout: nanosecondsFromMs(now.clientIdleTimeoutMs),
    ForwardAgent: now.forwardAgent,
    PermitX11Forwarding: now.permitX11Forwarding,
    DisconnectExpiredCert: now.disconnectExpiredCert,
    CertificateFormat: now.certificateFormat,
    BPF: [...now.enhancedRecording],
    MaxConnections: BigInt(now.maxConnections),
    MaxKubernetesConnections: BigInt(now.maxKubernetesConnections),
    MaxSessions: BigInt(now.maxSessions),
    RequestAccess: now.requestAccess,
    RequestPrompt: now.requestPrompt,
    Lock: now.lock,
    RecordSession: recordSession && {
      ...before.RecordSession,
      Desktop: optional(recordSession.desktop, before.RecordSession?.Desktop),
      Default: recordSession.default,
      SSH: recordSession.ssh,
    },
    SSHFileCopy: optional(now.sshFileCopy, before.SSHFileCopy),
    SSHPortForwarding: sshPortForwarding && {
      ...before.SSHPortForwarding,
      Local: side(sshPortForwarding.local, before.SSHPortForwarding?.Local),
      Remote: side(sshPortForwarding.remote, before.SSHPortForwarding?.Remote),
    },
    DesktopClipboard: optional(now.desktopClipboard, before.DesktopClipboard),
    DesktopDirectorySharing: optional(now.desktopDirectorySharing, before.DesktopDirectorySharing),
    CreateDesktopUser: optional(now.createDesktopUser, before.CreateDesktopUser),
    CreateDatabaseUserMode: DATABASE_USER_MODE.numberOf(now.createDatabaseUserMode) as CreateDatabaseUserMode,
    CreateHostUserMode: HOST_USER_MODE.numberOf(now.createHostUserMode) as CreateHostUserMode,
    CreateHostUserDefaultShell: now.createHostUserDefaultShell,
    PinSourceIP: now.pinSourceIp,
    RequireMFAType: MFA.numberOf(now.requireSessionMfa) as RequireMFAType,
    MFAVerificationInterval:
      mfaVerificationIntervalMs === (fromDurationMessage(before.MFAVerificationInterval) ?? 0)
        ? before.MFAVerificationInterval
        : toDurationMessage(mfaVerificationIntervalMs),
    DeviceTrustMode: now.deviceTrustMode,
  };
}

/** A message of the same value stays as it is. */
const optional = (value: boolean | undefined, before?: BoolValue): BoolValue | undefined =>
  value === undefined ? undefined : before?.Value === value ? before : { Value: value };

type Side = { Enabled: BoolValue | undefined };

const side = (enabled: boolean | undefined, before: Side | undefined): Side | undefined =>
  enabled === undefined && !before?.Enabled ? before : { ...before, Enabled: optional(enabled, before?.Enabled) };
