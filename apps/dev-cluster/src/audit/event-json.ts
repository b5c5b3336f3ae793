import type { Timestamp } from '@teleport-ts/api-types/proto/google/protobuf/timestamp';
import type { AuditEvent } from './event-kinds.ts';

/*
 * The JSON names of events. A line is a message, a word a field of it: `Name:json` is always written, `Name:json?` only
 * when it is not empty, `Name:json>Message` is an object of its own, and the fields of `Name>Message` stand among those
 * of the message around it. Times are always written.
 */
const MESSAGES = `
  Metadata Index:ei Type:event ID:uid? Code:code? Time:time ClusterName:cluster_name?
  UserMetadata User:user? Login:login? Impersonator:impersonator? AWSRoleARN:aws_role_arn?
    AccessRequests:access_requests? AzureIdentity:azure_identity? GCPServiceAccount:gcp_service_account?
    TrustedDevice:trusted_device?>DeviceMetadata RequiredPrivateKeyPolicy:required_private_key_policy?
    UserKind:user_kind? BotName:bot_name? BotInstanceID:bot_instance_id? UserOrigin:user_origin?
  DeviceMetadata device_id:device_id osType:os_type? assetTag:asset_tag? credentialId:credential_id?
  ResourceMetadata Name:name? Expires:expires UpdatedBy:updated_by? TTL:ttl?
  ConnectionMetadata LocalAddr:addr.local? RemoteAddr:addr.remote? Protocol:proto?
  ClientMetadata UserAgent:user_agent?
  Status Success:success Error:error? UserMessage:message?
  SessionMetadata SessionID:sid WithMFA:with_mfa? PrivateKeyPolicy:private_key_policy?
  ServerMetadata ServerNamespace:namespace? ServerID:server_id ServerHostname:server_hostname? ServerAddr:server_addr?
    ServerLabels:server_labels? ForwardedBy:forwarded_by? ServerSubKind:server_sub_kind? ServerVersion:server_version?
  AppMetadata AppURI:app_uri? AppPublicAddr:app_public_addr? AppLabels:app_labels? AppName:app_name?
    AppTargetPort:app_target_port?
  LockTarget User:user? Role:role? Login:login? MFADevice:mfa_device? WindowsDesktop:windows_desktop?
    AccessRequest:access_request? Device:device? ServerID:server_id?
  LockMetadata Target:target>LockTarget
  Identity User:user? Impersonator:impersonator? Roles:roles? Usage:usage? Logins:logins?
    KubernetesGroups:kubernetes_groups? KubernetesUsers:kubernetes_users? Expires:expires
    RouteToCluster:route_to_cluster? KubernetesCluster:kubernetes_cluster? Traits:traits?
    RouteToApp:route_to_app?>RouteToApp TeleportCluster:teleport_cluster?
    RouteToDatabase:route_to_database?>RouteToDatabase DatabaseNames:database_names? DatabaseUsers:database_users?
    MFADeviceUUID:mfa_device_uuid? ClientIP:client_ip? AWSRoleARNs:aws_role_arns? AccessRequests:access_requests?
    DisallowReissue:disallow_reissue? PreviousIdentityExpires:prev_identity_expires AzureIdentities:azure_identities?
    GCPServiceAccounts:gcp_service_accounts? PrivateKeyPolicy:private_key_policy? BotName:bot_name?
    DeviceExtensions:device_extensions?>DeviceExtensions BotInstanceID:bot_instance_id?
  RouteToApp Name:name SessionID:session_id PublicAddr:public_addr ClusterName:cluster_name AWSRoleARN:aws_role_arn?
    AzureIdentity:azure_identity? GCPServiceAccount:gcp_service_account? URI:uri? TargetPort:target_port?
  RouteToDatabase ServiceName:service_name Protocol:protocol Username:username? Database:database? Roles:roles?
  DeviceExtensions deviceId:device_id? assetTag:asset_tag? credentialId:credential_id?
  UserLogin Metadata>Metadata User>UserMetadata Status>Status Method:method? Client>ClientMetadata
    Connection>ConnectionMetadata ConnectorID:connector_id?
  UserCreate Metadata>Metadata User>UserMetadata Resource>ResourceMetadata Roles:roles Connector:connector
    Connection>ConnectionMetadata
  UserUpdate Metadata>Metadata User>UserMetadata Resource>ResourceMetadata Roles:roles Connector:connector
    Connection>ConnectionMetadata
  UserDelete Metadata>Metadata User>UserMetadata Resource>ResourceMetadata Connection>ConnectionMetadata
  RoleCreate Metadata>Metadata Resource>ResourceMetadata User>UserMetadata Connection>ConnectionMetadata
  RoleUpdate Metadata>Metadata Resource>ResourceMetadata User>UserMetadata Connection>ConnectionMetadata
  RoleDelete Metadata>Metadata Resource>ResourceMetadata User>UserMetadata Connection>ConnectionMetadata
  AccessRequestCreate Metadata>Metadata User>UserMetadata Resource>ResourceMetadata Roles:roles? RequestID:id
    RequestState:state Delegator:delegator? Reason:reason? Annotations:annotations? Reviewer:reviewer?
    ProposedState:proposed_state? MaxDuration:max_duration PromotedAccessListName:promoted_access_list_name?
    AssumeStartTime:assume_start_time? ResourceNames:resource_names?
  AccessRequestDelete Metadata>Metadata User>UserMetadata RequestID:id
  AccessRequestExpire Metadata>Metadata Resource>ResourceMetadata RequestID:id ResourceExpiry:expiry?
  AppSessionStart Metadata>Metadata User>UserMetadata Session>SessionMetadata Server>ServerMetadata
    Connection>ConnectionMetadata PublicAddr:public_addr App>AppMetadata
  LockCreate Metadata>Metadata Resource>ResourceMetadata User>UserMetadata Target:target>LockTarget
    Lock:lock>LockMetadata
  LockDelete Metadata>Metadata Resource>ResourceMetadata User>UserMetadata Lock:lock>LockMetadata
  CertificateCreate Metadata>Metadata CertificateType:cert_type? Identity:identity>Identity Client>ClientMetadata
  RenewableCertificateGenerationMismatch Metadata>Metadata UserMetadata>UserMetadata
  BotJoin Metadata>Metadata Status>Status BotName:bot_name? Method:method? TokenName:token_name? UserName:user_name?
    Connection>ConnectionMetadata BotInstanceID:bot_instance_id?
  ProvisionTokenCreate Metadata>Metadata Resource>ResourceMetadata User>UserMetadata Roles:roles?
    JoinMethod:join_method?
  BotCreate Metadata>Metadata Resource>ResourceMetadata User>UserMetadata
  BotUpdate Metadata>Metadata Resource>ResourceMetadata User>UserMetadata
  BotDelete Metadata>Metadata Resource>ResourceMetadata User>UserMetadata
  AuthPreferenceUpdate Metadata>Metadata Status>Status User>UserMetadata Connection>ConnectionMetadata
    AdminActionsMFA:admin_actions_mfa_changed
`;

interface JsonField {
  readonly name: string;
  /** None: its fields stand among those of the message around it. */
  readonly json: string | undefined;
  readonly isOptional: boolean;
  readonly message: string | undefined;
}

let messages: Map<string, JsonField[]> | undefined;

function fieldsOf(message: string): readonly JsonField[] {
  messages ??= readMessages();
  return messages.get(message) ?? [];
}

function readMessages(): Map<string, JsonField[]> {
  const entries = MESSAGES.trim()
    .split(/\n {2}(?=\S)/)
    .map((text) => text.trim().split(/\s+/));
  return new Map(entries.map(([name = '', ...fields]) => [name, fields.map(readField)]));
}

function readField(text: string): JsonField {
  const [, name = '', json, optional, message] = /^(\w+)(?::([\w.]+)(\?)?)?(?:>(\w+))?$/.exec(text) ?? [];
  return { name, json, isOptional: optional !== undefined, message };
}

export type EventJson = Record<string, unknown>;

/** An event as the JSON that the real one writes into its log: what unstructured searches answer. */
export function eventJson(event: AuditEvent): EventJson {
  return messageJson(event.$case, event.value as unknown as EventJson);
}

function messageJson(message: string, value: EventJson): EventJson {
  const result: EventJson = {};
  for (const { name, json, isOptional, message: inner } of fieldsOf(message)) {
    const field = value[name];
    if (json === undefined) Object.assign(result, messageJson(inner as string, (field ?? {}) as EventJson));
    else if (inner !== undefined) {
      if (field !== undefined || !isOptional) result[json] = messageJson(inner, (field ?? {}) as EventJson);
    } else if (!isOptional || !isEmpty(field)) result[json] = valueJson(field);
  }
  return result;
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === '' || value === 0 || value === 0n || value === false) return true;
  if (Array.isArray(value)) return value.length === 0;
  if (value instanceof Map) return value.size === 0;
  return typeof value === 'object' && value !== null && 'Values' in value && isEmpty(value.Values);
}

function valueJson(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value);
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, item]) => [key, listJson(item)]));
  if (typeof value !== 'object' || value === null) return value;
  if ('seconds' in value && typeof value.seconds === 'bigint') return timeJson(value as Timestamp);
  // Labels and traits; anything else is JSON already.
  return 'Values' in value && value.Values instanceof Map ? valueJson(value.Values) : value;
}

/** One of labels or traits; one without values is Go's empty list. */
function listJson(item: unknown): unknown {
  const { Values } = (item ?? {}) as { Values?: unknown };
  if (!Array.isArray(Values)) return valueJson(item);
  return Values.length === 0 ? null : Values;
}

const GO_ZERO_SECONDS = -62_135_596_800n;

function timeJson({ seconds, nanos }: Timestamp): string {
  if (seconds === GO_ZERO_SECONDS) return '0001-01-01T00:00:00Z';
  const day = new Date(Number(seconds) * 1000).toISOString().slice(0, 19);
  const fraction = nanos === 0 ? '' : `.${String(nanos).padStart(9, '0').replace(/0+$/, '')}`;
  return `${day}${fraction}Z`;
}
