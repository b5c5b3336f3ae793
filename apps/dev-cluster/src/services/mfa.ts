import { AuthServiceDefinition } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import { MFAAuthenticateChallenge, MFARequired } from '@teleport-ts/api-types/proto/teleport/proto/mfa';
import { accessDenied } from '../errors.ts';
import { type Service, service } from '../rpc/service.ts';

/** A cluster that allows one-time passwords asks for no second factor on administrative calls, and says so. */
export function mfaCalls(): Service {
  const required = MFARequired.MFA_REQUIRED_NO;
  return service(AuthServiceDefinition, {
    isMFARequired(_request, { caller }) {
      if (!caller.identity) throw accessDenied();
      return { Required: false, MFARequired: required };
    },
    createAuthenticateChallenge(_request, { caller }) {
      if (!caller.identity) throw accessDenied();
      return MFAAuthenticateChallenge.create({ MFARequired: required });
    },
  });
}
