import { UserSpecV2, type UserV2 } from '@teleport-ts/api-types/proto/teleport/types/user';
import { badParameter } from '../errors.ts';
import { labelValues, nameOf } from '../resources.ts';
import { zeroTime } from '../timestamps.ts';
import { checkResourceName } from './resource-name.ts';

const BCRYPT_HASH = /^\$2[abxy]?\$\d\d\$[./A-Za-z0-9]{53}$/;

/**
 * A user that somebody sends, with what the real one fills in. Secrets are checked and dropped: nobody logs in here.
 *
 * @throws TeleportError `bad_parameter`
 */
export function checkedUser(user: UserV2 | undefined): UserV2 {
  if (!user) throw badParameter('missing user');
  const name = nameOf(user);
  if (name === '') throw badParameter('missing parameter Name');
  const spec = user.Spec ?? UserSpecV2.create();
  const hash = spec.LocalAuth?.PasswordHash;
  if (hash && hash.length > 0 && !BCRYPT_HASH.test(hash.toString())) throw badParameter('invalid password hash');
  if (spec.Roles.includes('')) throw badParameter('missing parameter Roles');
  checkResourceName('/web/users/', name, '/params');
  return {
    ...user,
    Kind: 'user',
    Version: user.Version || 'v2',
    Spec: {
      ...spec,
      Traits: spec.Traits ?? labelValues(),
      Status: spec.Status ?? {
        IsLocked: false,
        LockedMessage: '',
        LockedTime: zeroTime(),
        LockExpires: zeroTime(),
      },
      Expires: spec.Expires ?? zeroTime(),
      LocalAuth: undefined,
    },
  };
}
