import type { ProvisionTokenV2 } from '@teleport-ts/api-types/proto/teleport/types/provision_token';
import { nameOf } from '../resources.ts';

const MIN_SHOWN = 16;

/** A token's name as it may be shown: where the name is the secret, a quarter of a long one and nothing of a short one. */
export function safeTokenName(token: ProvisionTokenV2): string {
  const name = nameOf(token);
  if ((token.Spec?.JoinMethod || 'token') !== 'token') return name;
  const hidden = name.length < MIN_SHOWN ? name.length : Math.floor(name.length * 0.75);
  return '*'.repeat(hidden) + name.slice(hidden);
}
