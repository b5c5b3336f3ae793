import { badParameter } from '../bad-parameter.ts';
import type { ProvisionTokenSpecV2 as Spec } from '../gen/teleport/types/provision_token.ts';

const EC2_TTL_NANOSECONDS = 300_000_000_000n;

type Check = (spec: Spec) => Spec | undefined;

/**
 * What a token of a join method must say, with what the real one fills in.
 *
 * @throws TeleportError `bad_parameter`
 */
export function checkJoinMethod(spec: Spec): Spec {
  const check = CHECKS.get(spec.JoinMethod);
  if (!check) throw badParameter(`unknown join method ${JSON.stringify(spec.JoinMethod)}`);
  return check(spec) ?? spec;
}

function refuse(isFault: boolean, text: string): void {
  if (isFault) throw badParameter(text);
}

const METHODS =
  'azure, azure_devops, bitbucket, circleci, ec2, gcp, github, gitlab, iam, kubernetes, spacelift, token, tpm, ' +
  'terraform_cloud, oracle, bound_keypair';

/** Each rule must have one of the fields. */
function eachHasOne<R>(rules: readonly R[], fields: readonly (keyof R)[], text: (index: number) => string): void {
  rules.forEach((rule, index) => {
    refuse(!fields.some((field) => rule[field]), text(index));
  });
}

const CHECKS: ReadonlyMap<string, Check> = new Map<string, Check>([
  [
    'token',
    (spec) => {
      refuse(spec.Allow.length > 0, 'allow rules are not compatible with the "token" join method');
      return undefined;
    },
  ],
  ['ec2', checkEc2],
  ['iam', checkIam],
  ['github', checkGitHub],
  ['circleci', checkCircleCi],
  ['kubernetes', checkKubernetes],
  ['azure', checkAzure],
  ['gitlab', checkGitLab],
  ['gcp', checkGcp],
  ['spacelift', checkSpacelift],
  ['tpm', checkTpm],
  ['terraform_cloud', checkTerraformCloud],
  ['bitbucket', checkBitbucket],
  ['oracle', checkOracle],
  ['azure_devops', checkAzureDevops],
  ['bound_keypair', checkBoundKeypair],
]);

const noRules = (method: string): string => `the "${method}" join method requires at least one token allow rule`;

function checkEc2(spec: Spec): Spec {
  refuse(spec.Allow.length === 0, 'the "ec2" join method requires defined token allow rules');
  for (const { AWSARN, AWSAccount, AWSRole } of spec.Allow) {
    refuse(AWSARN !== '', 'the "ec2" join method does not support the "aws_arn" parameter');
    refuse(!AWSAccount && !AWSRole, 'allow rule for "ec2" join method must set "aws_account" or "aws_role"');
  }
  return { ...spec, AWSIIDTTL: spec.AWSIIDTTL || EC2_TTL_NANOSECONDS };
}

function checkIam(spec: Spec): undefined {
  refuse(spec.Allow.length === 0, 'the "iam" join method requires defined token allow rules');
  for (const { AWSARN, AWSAccount, AWSRole, AWSRegions } of spec.Allow) {
    refuse(AWSRole !== '', 'the "iam" join method does not support the "aws_role" parameter');
    refuse(AWSRegions.length > 0, 'the "iam" join method does not support the "aws_regions" parameter');
    // The real one names the other method here.
    refuse(!AWSAccount && !AWSARN, 'allow rule for "ec2" join method must set "aws_account" or "aws_arn"');
  }
}

function checkGitHub({ GitHub }: Spec): undefined {
  if (!GitHub) throw badParameter('"github" configuration must be provided for join method "github"');
  refuse(GitHub.Allow.length === 0, noRules('github'));
  eachHasOne(
    GitHub.Allow,
    ['Repository', 'RepositoryOwner', 'Sub'],
    () => 'allow rule for "github" must include at least one of "repository", "repository_owner" or "sub"',
  );
  const { EnterpriseServerHost: host, EnterpriseSlug: slug } = GitHub;
  refuse(host.includes('/'), "'spec.github.enterprise_server_host' should not contain the scheme or path");
  refuse(
    host !== '' && slug !== '',
    "'spec.github.enterprise_server_host' and `spec.github.enterprise_slug` cannot both be set",
  );
}

function checkCircleCi({ CircleCI }: Spec): undefined {
  if (!CircleCI) throw badParameter('"cirleci" configuration must be provided for join method "circleci"');
  refuse(CircleCI.Allow.length === 0, noRules('circleci'));
  refuse(CircleCI.OrganizationID === '', 'the "circleci" join method requires \'organization_id\' to be set');
  eachHasOne(
    CircleCI.Allow,
    ['ProjectID', 'ContextID'],
    () => 'allow rule for "circleci" must include at least "project_id" or "context_id"',
  );
}

function checkKubernetes(spec: Spec): Spec {
  const { Kubernetes } = spec;
  if (!Kubernetes) throw badParameter('"kubernetes" configuration must be provided for the join method "kubernetes"');
  const fault = (text: string): string => `spec.kubernetes:\n\t${text}`;
  refuse(Kubernetes.Allow.length === 0, fault('allow: at least one rule must be set'));
  Kubernetes.Allow.forEach(({ ServiceAccount: account }, index) => {
    const field = `allow[${index}].service_account: name of service account`;
    refuse(account === '', fault(`${field} must be set`));
    refuse(
      account.split(':').length !== 2,
      fault(`${field} should be in format "namespace:service_account", got ${JSON.stringify(account)} instead`),
    );
  });
  const Type = Kubernetes.Type || 'in_cluster';
  const { StaticJWKS } = Kubernetes;
  if (Type === 'in_cluster') {
    refuse(StaticJWKS !== undefined, fault('static_jwks: must not be set when type is "in_cluster"'));
  } else if (Type === 'static_jwks') {
    refuse(StaticJWKS === undefined, fault('static_jwks: must be set when type is "static_jwks"'));
    refuse(StaticJWKS?.JWKS === '', fault('static_jwks.jwks: must be set when type is "static_jwks"'));
  } else {
    throw badParameter(fault(`type: must be one of (${METHODS}), got ${JSON.stringify(Type)}`));
  }
  return { ...spec, Kubernetes: { ...Kubernetes, Type } };
}

function checkAzure({ Azure }: Spec): undefined {
  if (!Azure) throw badParameter('"azure" configuration must be provided for the join method "azure"');
  refuse(Azure.Allow.length === 0, 'the "azure" join method requires defined azure allow rules');
  eachHasOne(
    Azure.Allow,
    ['Subscription'],
    () => 'the "azure" join method requires azure allow rules with non-empty subscription',
  );
}

function checkGitLab(spec: Spec): Spec {
  const { GitLab } = spec;
  if (!GitLab) throw badParameter('"gitlab" configuration must be provided for the join method "gitlab"');
  refuse(GitLab.Allow.length === 0, 'the "gitlab" join method requires defined gitlab allow rules');
  eachHasOne(
    GitLab.Allow,
    ['Sub', 'NamespacePath', 'ProjectPath', 'CIConfigRefURI'],
    () =>
      'the "gitlab" join method requires allow rules with at least one of ' +
      "['sub', 'project_path', 'namespace_path', 'ci_config_ref_uri'] to ensure security.",
  );
  refuse(GitLab.Domain.includes('/'), "'spec.gitlab.domain' should not contain the scheme or path");
  return { ...spec, GitLab: { ...GitLab, Domain: GitLab.Domain || 'gitlab.com' } };
}

function checkGcp({ GCP }: Spec): undefined {
  if (!GCP) throw badParameter('"gcp" configuration must be provided for the join method "gcp"');
  refuse(GCP.Allow.length === 0, noRules('gcp'));
  for (const { ProjectIDs } of GCP.Allow) {
    refuse(ProjectIDs.length === 0, 'the "gcp" join method requires gcp allow rules with at least one project ID');
  }
}

function checkSpacelift({ Spacelift }: Spec): undefined {
  if (!Spacelift) throw badParameter('spec.spacelift: must be configured for the join method "spacelift"');
  const fault = (text: string): string => `spec.spacelift: failed validation\n\t${text}`;
  refuse(Spacelift.Hostname === '', fault('hostname: should be set to the hostname of the spacelift tenant'));
  refuse(Spacelift.Hostname.includes('/'), fault('hostname: should not contain the scheme or path'));
  refuse(Spacelift.Allow.length === 0, fault('allow: at least one rule must be set'));
  eachHasOne(Spacelift.Allow, ['SpaceID', 'CallerID'], (index) =>
    fault(`allow[${index}]: at least one of ['space_id', 'caller_id'] must be set`),
  );
}

function checkTpm({ TPM }: Spec): undefined {
  if (!TPM) throw badParameter('spec.tpm: must be configured for the join method "tpm"');
  const fault = (text: string): string => `spec.tpm: failed validation\n\t${text}`;
  refuse(TPM.Allow.length === 0, fault('allow: at least one rule must be set'));
  eachHasOne(TPM.Allow, ['EKPublicHash', 'EKCertificateSerial'], (index) =>
    fault(`allow[${index}]: at least one of ['ek_public_hash', 'ek_certificate_serial'] must be set`),
  );
}

function checkTerraformCloud({ TerraformCloud }: Spec): undefined {
  if (!TerraformCloud) {
    throw badParameter('spec.terraform_cloud: must be configured for the join method "terraform_cloud"');
  }
  const fault = (text: string): string => `spec.terraform_cloud: failed validation\n\t${text}`;
  refuse(TerraformCloud.Allow.length === 0, fault(noRules('terraform_cloud')));
  eachHasOne(TerraformCloud.Allow, ['OrganizationID', 'OrganizationName'], (index) =>
    fault(`allow[${index}]: one of ['organization_id', 'organization_name'] must be set`),
  );
  eachHasOne(TerraformCloud.Allow, ['ProjectID', 'ProjectName', 'WorkspaceID', 'WorkspaceName'], (index) =>
    fault(
      `allow[${index}]: at least one of ['project_id', 'project_name', 'workspace_id', 'workspace_name'] must be set`,
    ),
  );
}

function checkBitbucket({ Bitbucket }: Spec): undefined {
  if (!Bitbucket) throw badParameter('spec.bitbucket: must be configured for the join method "bitbucket"');
  const fault = (text: string): string => `spec.bitbucket: failed validation\n\t${text}`;
  refuse(Bitbucket.Allow.length === 0, fault(noRules('bitbucket')));
  refuse(Bitbucket.Audience === '', fault('audience: an OpenID Connect Audience value is required'));
  refuse(Bitbucket.IdentityProviderURL === '', fault('identity_provider_url: an identity provider URL is required'));
  eachHasOne(Bitbucket.Allow, ['WorkspaceUUID', 'RepositoryUUID'], (index) =>
    fault(`allow[${index}]: at least one of ['workspace_uuid', 'repository_uuid'] must be set`),
  );
}

/** The name of a thing in Oracle's cloud. */
const OCID = /^ocid1(\.[^.]*){3,}\.[^.]+$/;

function checkOracle({ Oracle }: Spec): undefined {
  if (!Oracle) throw badParameter('missing spec');
  const odd = Oracle.Allow.find(({ Tenancy }) => !OCID.test(Tenancy));
  if (odd) throw badParameter(`invalid tenant: ${odd.Tenancy}`);
  const fault = (text: string): string => `spec.oracle: failed validation\n\t${text}`;
  refuse(Oracle.Allow.length === 0, fault('the "oracle" join method requires at least one allow rule'));
}

function checkAzureDevops({ AzureDevops }: Spec): undefined {
  if (!AzureDevops) throw badParameter('spec.azure_devops: must be configured for the join method "azure_devops"');
  const fault = (text: string): string => `spec.azure_devops: failed validation\n\t${text}`;
  refuse(AzureDevops.Allow.length === 0, fault('the "azure_devops" join method requires at least one allow rule'));
  refuse(AzureDevops.OrganizationID === '', fault('organization_id: must be set'));
  eachHasOne(AzureDevops.Allow, ['Sub', 'ProjectName', 'ProjectID'], (index) =>
    fault(`allow[${index}]: at least one of ['sub', 'project_name', 'project_id'] must be set`),
  );
}

function checkBoundKeypair(spec: Spec): Spec {
  const { BoundKeypair } = spec;
  if (!BoundKeypair) throw badParameter('bound_keypair token requires non-nil spec.bound_keypair');
  const fault = (text: string): string => `spec.bound_keypair: failed validation\n\t${text}`;
  const { Onboarding, Recovery } = BoundKeypair;
  if (!Onboarding) throw badParameter(fault('spec.bound_keypair.onboarding is required'));
  refuse(
    Onboarding.RegistrationSecret === '' && Onboarding.InitialPublicKey === '',
    fault('at least one of [initial_join_secret, initial_public_key] is required in spec.bound_keypair.onboarding'),
  );
  return {
    ...spec,
    BoundKeypair: { ...BoundKeypair, Recovery: { Mode: Recovery?.Mode ?? '', Limit: Recovery?.Limit || 1 } },
  };
}
