import type {
  ProvisionTokenSpecV2,
  ProvisionTokenV2,
} from '@teleport-ts/api-types/proto/teleport/types/provision_token';
import { SYSTEM_ROLES_BY_LOWER_NAME } from '../access/system-role-names.ts';
import { accessDenied, badParameter } from '../errors.ts';
import { labelValues, nameOf, stamped } from '../resources.ts';
import { checkJoinMethod } from './join-method-checks.ts';
import { checkResourceName } from './resource-name.ts';

/**
 * What a community edition does not let somebody join by.
 *
 * @throws TeleportError `access_denied`
 */
export function checkTokenEdition({ Spec }: ProvisionTokenV2): void {
  const method = Spec?.JoinMethod;
  const feature =
    method === 'github' && Spec?.GitHub?.EnterpriseServerHost
      ? 'github enterprise server joining'
      : method === 'spacelift' || method === 'tpm'
        ? `${method} joining`
        : undefined;
  if (feature) throw accessDenied(`${feature}\n\tthis feature requires Teleport Enterprise`);
}

/**
 * A token that somebody sends, with what the real one fills in. All join methods are stored and given back, whether
 * anybody can join by them here or not.
 *
 * @throws TeleportError `bad_parameter`
 */
export function checkedToken(token: ProvisionTokenV2): ProvisionTokenV2 {
  if (nameOf(token) === '') throw badParameter('missing parameter Name');
  const { Spec } = token;
  if (!Spec || Spec.Roles.length === 0) throw badParameter('provisioning token is missing roles');
  const Roles = Spec.Roles.map(systemRole);
  if (new Set(Roles).size < Roles.length) throw badParameter(`duplicate role ${JSON.stringify(repeated(Roles))}`);
  const isForBots = Roles.includes('Bot');
  if (isForBots && Spec.BotName === '') throw badParameter('token with role "Bot" must set bot_name');
  if (!isForBots && Spec.BotName !== '') throw badParameter('can only set bot_name on token with role "Bot"');
  const JoinMethod = Spec.JoinMethod || (Spec.Allow.length > 0 ? 'ec2' : 'token');
  const spec: ProvisionTokenSpecV2 = checkJoinMethod({
    ...Spec,
    Roles,
    JoinMethod,
    SuggestedLabels: Spec.SuggestedLabels ?? labelValues(),
    SuggestedAgentMatcherLabels: Spec.SuggestedAgentMatcherLabels ?? labelValues(),
  });
  checkResourceName('/tokens/', nameOf(token));
  return stamped({ ...token, Kind: 'token', Version: 'v2', Spec: spec });
}

const repeated = (roles: readonly string[]): string => roles.find((role, at) => roles.indexOf(role) !== at) ?? '';

function systemRole(name: string): string {
  const role = SYSTEM_ROLES_BY_LOWER_NAME.get(name.toLowerCase());
  if (role === undefined) throw badParameter(`role ${name} is not registered`);
  return role;
}
