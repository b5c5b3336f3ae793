import type { Value } from './typed-expression.ts';

/** What the real one does not tell: it has no name in YAML. */
const HIDDEN = new Set(['Namespace', '_unknownFields']);

/** A message's field by its path in YAML: `spec.public_addr` is `Spec.PublicAddr`. */
export function yamlField(message: object, path: readonly string[]): Value {
  let value: unknown = message;
  for (const name of path) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    value = value instanceof Map ? undefined : yamlMember(value, name)?.value;
  }
  return (value instanceof Map ? Object.fromEntries(value) : value) as Value;
}

/** One member of a message by its name in YAML; undefined when the message has none of that name. */
export function yamlMember(message: object, name: string): { readonly value: unknown } | undefined {
  for (const member of Object.keys(message)) {
    if (yamlName(member) === name && !HIDDEN.has(member))
      return { value: (message as Record<string, unknown>)[member] };
  }
  return undefined;
}

/** Names that do not follow from the message's own. */
const known = new Map<string, string>([
  ['AWSRoleARNs', 'aws_role_arns'],
  ['BPF', 'enhanced_recording'],
  ['CertificateFormat', 'cert_format'],
  ['CreateDatabaseUser', 'create_db_user'],
  ['CreateDatabaseUserMode', 'create_db_user_mode'],
  ['DatabaseLabels', 'db_labels'],
  ['DatabaseLabelsExpression', 'db_labels_expression'],
  ['DatabaseNames', 'db_names'],
  ['DatabasePermissions', 'db_permissions'],
  ['DatabaseRoles', 'db_roles'],
  ['DatabaseServiceLabels', 'db_service_labels'],
  ['DatabaseServiceLabelsExpression', 'db_service_labels_expression'],
  ['DatabaseUsers', 'db_users'],
  ['KubeGroups', 'kubernetes_groups'],
  ['KubeUsers', 'kubernetes_users'],
  ['RequireMFAType', 'require_session_mfa'],
]);

/** `CACert` is `ca_cert`, `ProxyIDs` `proxy_ids`, `MySQL` `mysql`. Messages have few names, which are kept. */
function yamlName(name: string): string {
  let yaml = known.get(name);
  if (yaml === undefined) {
    yaml = name
      .replace('MySQL', 'Mysql')
      .replace('IDs', 'Ids')
      .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
      .replaceAll(/([A-Z])([A-Z][a-z])/g, '$1_$2')
      .toLowerCase();
    known.set(name, yaml);
  }
  return yaml;
}
