import type { Event } from '@teleport-ts/api-types/proto/teleport/proto/event';
import type { WatchKind } from '@teleport-ts/api-types/proto/teleport/types/watch';
import { badParameter } from '../errors.ts';

type EventCase = NonNullable<Event['Resource']>['$case'];

/** Kinds whose changes make events: the member of the event that holds the resource, and the version in a deletion. */
export const EVENT_KINDS: ReadonlyMap<string, { readonly member: EventCase; readonly version: string }> = new Map(
  Object.entries({
    access_request: { member: 'AccessRequest', version: 'v3' },
    app: { member: 'App', version: 'v3' },
    app_server: { member: 'AppServer', version: 'v3' },
    cert_authority: { member: 'CertAuthority', version: 'v2' },
    cluster_audit_config: { member: 'ClusterAuditConfig', version: 'v2' },
    cluster_auth_preference: { member: 'AuthPreference', version: 'v2' },
    cluster_name: { member: 'ClusterName', version: 'v2' },
    cluster_networking_config: { member: 'ClusterNetworkingConfig', version: 'v2' },
    db: { member: 'Database', version: 'v3' },
    db_server: { member: 'DatabaseServer', version: 'v3' },
    db_service: { member: 'DatabaseService', version: 'v1' },
    kube_cluster: { member: 'KubernetesCluster', version: 'v3' },
    kube_server: { member: 'KubernetesServer', version: 'v3' },
    lock: { member: 'Lock', version: 'v2' },
    node: { member: 'Server', version: 'v2' },
    remote_cluster: { member: 'RemoteCluster', version: 'v3' },
    role: { member: 'Role', version: 'v8' },
    session_recording_config: { member: 'SessionRecordingConfig', version: 'v2' },
    token: { member: 'ProvisionToken', version: 'v2' },
    user: { member: 'User', version: 'v2' },
    web_session: { member: 'WebSession', version: 'v2' },
  } satisfies Record<string, { member: EventCase; version: string }>),
);

/** Kinds that can be watched although nothing of them ever changes here. */
const QUIET_KINDS = (
  'ui_config static_tokens proxy auth_server tunnel tunnel_connection web_token network_restrictions ' +
  'windows_desktop_service windows_desktop dynamic_windows_desktop installer crown_jewel saml_idp_service_provider ' +
  'user_group okta_import_rule okta_assignment integration headless_authentication user_login_state discovery_config ' +
  'audit_query security_report security_report_state access_list access_list_member access_list_review ' +
  'kube_ephemeral_container notification global_notification access_monitoring_rule db_object access_graph_settings ' +
  'spiffe_federation static_host_user autoupdate_version autoupdate_config autoupdate_agent_rollout ' +
  'autoupdate_agent_report user_task provisioning_principal_state aws_ic_account ' +
  'aws_ic_principal_assignment aws_ic_account_assignment plugin_static_credentials git_server ' +
  'workload_identity health_check_config'
).split(' ');

const WATCHABLE = new Set([...EVENT_KINDS.keys(), ...QUIET_KINDS]);
const SESSION_KINDS = new Set(['app_session', 'web_session', 'snowflake_session']);
const WITH_SECRETS = new Set(['cert_authority', 'web_session']);

/**
 * The kinds that a watch is confirmed.
 *
 * @throws TeleportError `bad_parameter` for a kind that nobody can watch; with `partial` only when no other is left
 */
export function confirmedKinds(kinds: readonly WatchKind[], partial: boolean): WatchKind[] {
  const confirmed = kinds.filter((kind) => {
    if (isWatchable(kind)) return true;
    if (partial) return false;
    throw badParameter(`cache "auth" does not support watching resource ${JSON.stringify(kind.Kind)}`);
  });
  if (confirmed.length === 0) throw badParameter('cache "auth" does not support any of the requested resources');
  return confirmed;
}

function isWatchable({ Kind, SubKind, LoadSecrets }: WatchKind): boolean {
  const subKindFits = Kind === 'web_session' ? SESSION_KINDS.has(SubKind) : SubKind === '';
  return WATCHABLE.has(Kind) && subKindFits && (!LoadSecrets || WITH_SECRETS.has(Kind));
}
