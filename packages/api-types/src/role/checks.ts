import { badParameter } from '../bad-parameter.ts';
import type { RoleConditions, RoleV6 } from '../gen/teleport/types/role.ts';
import type { LabelValues } from '../gen/teleport/wrappers/labels.ts';
import { checkKubernetesResources, checkRequestedKinds } from './kubernetes-resources.ts';

/**
 * The rules that a role keeps to whoever reads it, in the order of the real one's checks.
 *
 * @throws TeleportError `bad_parameter`
 */
export function checkRole({ Version, Spec }: RoleV6): void {
  const allow = Spec?.Allow as RoleConditions;
  const deny = Spec?.Deny as RoleConditions;
  const options = Spec?.Options;
  checkNamespaces('allow', allow);
  const mode = options?.CreateHostUserMode ?? 0;
  if (mode < 0 || mode > 4) throw badParameter(`invalid host user mode "${mode}", expected one of off, drop or keep`);
  for (const conditions of [allow, deny]) checkKubernetesResources(Version, conditions.KubernetesResources);
  checkNamespaces('deny', deny);
  for (const { Request } of [allow, deny]) checkRequestedKinds(Version, Request?.kubernetesResources ?? []);
  const recording = options?.BPF.find((event) => !['command', 'disk', 'network'].includes(event));
  if (recording !== undefined) throw badParameter(`invalid value for role option enhanced_recording: ${recording}`);
  if (!['', 'best_effort', 'strict'].includes(options?.Lock ?? '')) {
    throw badParameter(`invalid value for role option lock: ${options?.Lock}`);
  }
  checkWildcards(allow);
  checkDatabasePermissions('allow', allow);
  checkDatabasePermissions('deny', deny);
  checkSpiffe('allow', allow);
  checkSpiffe('deny', deny);
  checkRules('allow', allow);
  checkRules('deny', deny);
  for (const { Impersonate } of [allow, deny]) {
    if (Impersonate === deny.Impersonate && Impersonate?.Where) {
      throw badParameter("'where' is not supported in deny.impersonate conditions");
    }
    if (Impersonate && Impersonate.Users.length > 0 && Impersonate.Roles.length === 0) {
      throw badParameter('please set both impersonate.users and impersonate.roles for user impersonation');
    }
  }
}

function checkNamespaces(name: string, { Namespaces }: RoleConditions): void {
  Namespaces.forEach((namespace, index) => {
    if (namespace === '*' || namespace === 'default') return;
    throw badParameter(
      `${name}: namespaces[${index}]: namespace ${JSON.stringify(namespace)} invalid, custom namespaces are deprecated; ` +
        'the namespace field should be omitted or set to "default"',
    );
  });
}

/** Names are never given for all there are; a selector for all keys is for all values. */
function checkWildcards(allow: RoleConditions): void {
  const lists: readonly (readonly [values: readonly string[], text: string])[] = [
    [allow.Logins, 'wildcard matcher is not allowed in logins'],
    [allow.AWSRoleARNs, 'wildcard matcher is not allowed in aws_role_arns'],
    [allow.AzureIdentities, 'wildcard matcher is not allowed in allow.azure_identities'],
    [allow.GCPServiceAccounts, 'wildcard matcher is not allowed in allow.gcp_service_accounts'],
    [allow.DatabaseRoles, 'wildcard is not allowed in allow.database_roles'],
  ];
  for (const [values, text] of lists) if (values.includes('*')) throw badParameter(text);
  const selectors: readonly (LabelValues | undefined)[] = [
    allow.NodeLabels,
    allow.AppLabels,
    allow.KubernetesLabels,
    allow.DatabaseLabels,
    allow.WindowsDesktopLabels,
    allow.GroupLabels,
    allow.WorkloadIdentityLabels,
  ];
  for (const selector of selectors) {
    const values = selector?.Values.get('*')?.Values;
    if (values && (values.length !== 1 || values[0] !== '*')) throw badParameter('selector *:<val> is not supported');
  }
}

function checkDatabasePermissions(name: string, { DatabasePermissions }: RoleConditions): void {
  DatabasePermissions.forEach(({ Permissions, Match }, index) => {
    const any = Match?.Values.get('*')?.Values;
    const fault =
      Permissions.length === 0
        ? 'database permission list cannot be empty'
        : Permissions.includes('')
          ? 'individual database permissions cannot be empty strings'
          : any && (any.length !== 1 || any[0] !== '*')
            ? 'database permission: selector *:<val> is not supported'
            : undefined;
    if (fault) throw badParameter(`failed to process '${name}' db_permission #${index + 1}: ${fault}`);
    if (name === 'allow' && Permissions.includes('*')) {
      throw badParameter('individual database permissions cannot be wildcards strings');
    }
  });
}

const BYTE = '(?:\\d|[1-9]\\d|1\\d\\d|2[0-4]\\d|25[0-5])';
const IPV4_RANGE = new RegExp(`^${BYTE}(?:\\.${BYTE}){3}/(?:\\d|[12]\\d|3[0-2])$`);
const IPV6_RANGE = /^([\da-fA-F:.]*:[\da-fA-F:.]*)\/(?:\d|[1-9]\d|1[01]\d|12[0-8])$/;

function isRange(text: string): boolean {
  const address = IPV6_RANGE.exec(text)?.[1];
  return address === undefined ? IPV4_RANGE.test(text) : URL.canParse(`http://[${address}]`);
}

function checkSpiffe(name: string, { SPIFFE }: RoleConditions): void {
  SPIFFE.forEach(({ Path, IPSANs }, index) => {
    const refuse = (text: string): Error => badParameter(`validating spec.${name}.spiffe[${index}]\n\t${text}`);
    if (Path === '') throw refuse('path: should be non-empty');
    if (!Path.startsWith('/') && !(Path.startsWith('^') && Path.endsWith('$'))) {
      throw refuse('path: should start with / or be a regex expression starting with ^ and ending with $');
    }
    IPSANs.forEach((range, at) => {
      if (!isRange(range)) throw refuse(`validating ip_sans[${at}]: invalid CIDR address: ${range}`);
    });
  });
}

function checkRules(name: string, { Rules }: RoleConditions): void {
  Rules.forEach(({ Resources, Verbs }, index) => {
    const fault =
      Resources.length === 0 ? 'missing resources to match' : Verbs.length === 0 ? 'missing verbs' : undefined;
    if (fault) throw badParameter(`failed to process '${name}' rule ${index}: ${fault}`);
  });
}
