/** What the resources are called whose writing is an administrator's business; of tokens the reading too. */
const GUARDED =
  /^(?:(?:Create|Update|Upsert|Delete)(?:User|Role|RoleV2|Bot|Token|TokenV2|AuthPreference|SessionRecordingConfig|ClusterNetworkingConfig|CertAuthority|TrustedCluster|TrustedClusterV2)|Reset(?:AuthPreference|SessionRecordingConfig|ClusterNetworkingConfig)|GetTokens?|ListProvisionTokens|SetAccessRequestState|SubmitAccessReview|DeleteAccessRequest|GenerateHostCert|RotateCertAuthority)$/;

/** Whether a method is one that a cluster may want a second factor for. */
export function isAdminAction(method: string): boolean {
  return GUARDED.test(method);
}
