import { AuthServiceDefinition } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import { MFAAuthenticateChallenge, MFARequired } from '@teleport-ts/api-types/proto/teleport/proto/mfa';
import type { ClusterContext } from '../cluster-context.ts';
import { accessDenied } from '../errors.ts';
import { type Service, service } from '../rpc/service.ts';

const CHALLENGE_TIMEOUT_MS = 300_000n;

/** A cluster that allows one-time passwords asks for no second factor on administrative calls, and says so. */
export function mfaCalls({ secondFactors }: ClusterContext): Service {
  return service(AuthServiceDefinition, {
    isMFARequired({ Target }, { caller }) {
      if (!caller.identity) throw accessDenied();
      const Required = Target?.$case === 'AdminAction' && secondFactors.isRequiredOf(caller);
      return {
        Required,
        MFARequired: Required ? MFARequired.MFA_REQUIRED_YES : MFARequired.MFA_REQUIRED_NO,
      };
    },
    createAuthenticateChallenge({ MFARequiredCheck }, { caller }) {
      if (!caller.identity) throw accessDenied();
      const required = secondFactors.isRequiredOf(caller);
      const known = required ? secondFactors.challenge(caller.user) : undefined;
      return MFAAuthenticateChallenge.fromPartial({
        MFARequired: required ? MFARequired.MFA_REQUIRED_YES : MFARequired.MFA_REQUIRED_NO,
        ...(known &&
          (!MFARequiredCheck || MFARequiredCheck.Target?.$case === 'AdminAction') && {
            WebauthnChallenge: {
              publicKey: {
                challenge: known.challenge,
                timeoutMs: CHALLENGE_TIMEOUT_MS,
                rpId: secondFactors.rpId,
                allowCredentials: known.ids.map((id) => ({ type: 'public-key', id })),
                userVerification: 'discouraged',
              },
            },
          }),
      });
    },
  });
}
