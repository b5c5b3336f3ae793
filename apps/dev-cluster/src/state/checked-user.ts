import { UserSpecV2, type UserV2 } from '@teleport-ts/api-types/proto/teleport/types/user';
import { checkAndSetDefaults } from '@teleport-ts/api-types/resources/user';
import { badParameter } from '../errors.ts';
import { nameOf } from '../resources.ts';
import { checkResourceName } from './resource-name.ts';

const BCRYPT_HASH = /^\$2[abxy]?\$\d\d\$[./A-Za-z0-9]{53}$/;

/**
 * A user that somebody sends, with what the real one fills in. Secrets are checked and dropped: nobody logs in here.
 *
 * @throws TeleportError `bad_parameter`
 */
export function checkedUser(user: UserV2 | undefined): UserV2 {
  if (!user) throw badParameter('missing user');
  const checked = checkAndSetDefaults(user);
  const Spec = checked.Spec ?? UserSpecV2.create();
  const hash = Spec.LocalAuth?.PasswordHash;
  if (hash && hash.length > 0 && !BCRYPT_HASH.test(hash.toString())) throw badParameter('invalid password hash');
  if (Spec.Roles.includes('')) throw badParameter('missing parameter Roles');
  checkResourceName('/web/users/', nameOf(checked), '/params');
  return { ...checked, Spec: { ...Spec, LocalAuth: undefined } };
}
