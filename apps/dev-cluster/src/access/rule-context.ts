import type { GenerateHostCertRequest } from '@teleport-ts/api-types/proto/teleport/trust/v1/trust';
import type { UserV2 } from '@teleport-ts/api-types/proto/teleport/types/user';
import { badParameter, notFound } from '../errors.ts';
import type { Operand } from '../predicate/rule-expression.ts';
import { yamlMember } from '../predicate/yaml-field.ts';
import { metadataOf } from '../resources.ts';

/** What the `where` clause of a rule may ask about. */
export interface RuleContext {
  /** Who calls, with the roles and traits of its certificate. */
  readonly user?: UserV2 | undefined;
  /** What the call is about, where it is about one thing: a role, an authority, a bot. */
  readonly resource?: object | undefined;
  readonly hostCert?: GenerateHostCertRequest | undefined;
}

/**
 * What a name of a clause stands for.
 *
 * @throws TeleportError `not_found` or `bad_parameter` when it stands for nothing
 */
export function ruleIdentifier({ user, resource, hostCert }: RuleContext, path: readonly string[]): Operand {
  const [root = '', ...rest] = path;
  switch (root) {
    case 'user':
      return fieldOf(user ?? NOBODY, rest);
    case 'resource':
      return fieldOf(resource ?? NOTHING, rest);
    case 'name':
      if (rest.length > 0) {
        throw badParameter(
          `only one field is supported with identifier "name", got ${path.length}: [${path.join(' ')}]`,
        );
      }
      return operandOf(fieldOf(resource ?? NOTHING, ['metadata', 'name']).value ?? '');
    case 'host_cert':
      return fieldOf(hostCertFields(hostCert), rest);
    case 'session':
      return fieldOf(NO_RECORDING, rest);
    case 'ssh_session':
      return fieldOf(NO_SSH_SESSION, rest);
    case 'session_tracker':
      return fieldOf(NO_TRACKER, rest);
    default:
      throw notFound(`${path.join('.')} is not defined`);
  }
}

/**
 * A field of a message by its path.
 *
 * @throws TeleportError `not_found` naming what is left of the path where it leads nowhere
 */
export function fieldOf(message: unknown, path: readonly string[]): Operand {
  if (path.length === 0) throw badParameter('missing field names');
  let value = message;
  path.forEach((name, index) => {
    const isMessage = typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Map);
    const member = isMessage ? yamlMember(value as object, name) : undefined;
    if (!member) throw notFound(`field name ${path.slice(index).join('.')} is not found`);
    value = member.value;
  });
  const whole = path.join('.');
  if (NAMED_TYPES.has(whole)) return { type: 'string by another name', value };
  return operandOf(value, whole === 'spec.traits' ? 'wrappers.Traits' : 'types.Labels');
}

/** Texts that are of a type of their own in Go, and therefore equal to no text. */
const NAMED_TYPES = new Set([
  'spec.options.lock',
  'spec.options.record_session.default',
  'spec.options.record_session.ssh',
  'spec.options.request_access',
  'role',
]);

function operandOf(value: unknown, mapOfLists = ''): Operand {
  if (typeof value === 'string') return { type: 'string', value };
  if (typeof value === 'boolean') return { type: 'bool', value };
  if (typeof value === 'number' || typeof value === 'bigint') return { type: 'int', value };
  if (Array.isArray(value)) {
    return value.every((item) => typeof item === 'string') ? { type: '[]string', value } : { type: 'list', value: '' };
  }
  if (value instanceof Map) return { type: 'map[string]string', value };
  const { Values } = (value ?? {}) as { Values?: unknown };
  if (Values instanceof Map) return { type: mapOfLists, value: Values };
  return { type: 'struct', value: '' };
}

const NOTHING = { Kind: '', SubKind: '', Version: '', Metadata: { ...metadataOf({ name: '' }), Revision: '' } };
const NOBODY = { ...NOTHING, Spec: { Roles: [], Traits: { Values: new Map() } }, Status: undefined };

function hostCertFields(request: GenerateHostCertRequest | undefined): object {
  const { hostId = '', nodeName = '', principals = [], clusterName = '', role = '' } = request ?? {};
  return { hostId, nodeName, principals, clusterName, role, ttl: 0 };
}

const texts = (names: string): Readonly<Record<string, ''>> =>
  Object.fromEntries(names.split(' ').map((name) => [name, '' as const]));

// Sessions are none of this cluster's business, but a rule may speak of them: these are what it finds without one.
const NO_SSH_SESSION = {
  ...texts('namespace login server_id server_hostname server_addr cluster_name'),
  ...{ created: 0, last_active: 0, participants: [] },
};
const NO_TRACKER = {
  ...texts('session_id kind state hostname address login cluster kube_cluster host_user'),
  ...{ participants: [], host_roles: [] },
};
const NO_RECORDING = {
  ...texts('event uid code cluster_name user login impersonator aws_role_arn azure_identity gcp_service_account'),
  ...texts('required_private_key_policy bot_name bot_instance_id user_origin sid private_key_policy namespace'),
  ...texts('server_id server_hostname server_addr forwarded_by server_sub_kind server_version proto'),
  ...texts('kubernetes_cluster kubernetes_pod_name kubernetes_pod_namespace kubernetes_container_name'),
  ...texts('kubernetes_container_image kubernetes_node_name session_recording'),
  ...{ ei: 0, time: 0, access_requests: [], trusted_device: undefined, user_kind: 0, with_mfa: false },
  ...{ server_labels: new Map(), kubernetes_users: [], kubernetes_groups: [], kubernetes_labels: new Map() },
  ...{ enhanced_recording: false, interactive: false, participants: [], session_start: 0, session_stop: 0 },
  initial_command: [],
};
