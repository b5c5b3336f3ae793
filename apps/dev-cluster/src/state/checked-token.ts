import type { ProvisionTokenV2 } from '@teleport-ts/api-types/proto/teleport/types/provision_token';
import { checkAndSetDefaults } from '@teleport-ts/api-types/resources/token';
import { accessDenied } from '../errors.ts';
import { nameOf, stamped } from '../resources.ts';
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
  const checked = checkAndSetDefaults(token);
  checkResourceName('/tokens/', nameOf(checked));
  return stamped(checked);
}
