import { badParameter } from '../bad-parameter.ts';
import { ProvisionTokenSpecV2, ProvisionTokenV2 } from '../gen/teleport/types/provision_token.ts';
import { checkJoinMethod } from '../token/join-methods.ts';
import type { Traits } from '../traits.ts';
import { changedLabelValues, fromLabelValues, type LabelSelector, labelValues } from './labels.ts';
import { checkMetadata } from './metadata.ts';
import { metadataFrom, type ResourceFields, type ResourceView, resourceView } from './resource.ts';
import { systemRoleOf } from './system-roles.ts';

/** What lets a bot or a host join. Of the method `token` the name is the secret: never log it, log {@link safeTokenName}. */
export interface Token extends ResourceView<ProvisionTokenV2> {
  /** `Bot`, `Node`, `App`, … */
  readonly roles: readonly string[];
  /** `token` (by the name alone), or by what a platform proves: `github`, `kubernetes`, `iam`, `bound_keypair`, … */
  readonly joinMethod: string;
  /** The bot that joins by it; empty for hosts. */
  readonly botName: string;
  readonly suggestedLabels: Traits;
  /** Of a `bound_keypair` token: the bot instance that it is bound to by now, and how often it was recovered. */
  readonly boundKeypair:
    | { readonly publicKey: string; readonly instanceId: string; readonly recoveryCount: number }
    | undefined;
}

/** The part of a token's specification that its join method asks for, by the name of the field: `GitHub`, `Kubernetes`, … */
export type JoinMethodConfig = Partial<
  Omit<
    ProvisionTokenSpecV2,
    'Roles' | 'JoinMethod' | 'BotName' | 'SuggestedLabels' | 'SuggestedAgentMatcherLabels' | '_unknownFields'
  >
>;

/** What {@link newToken} makes a token of. */
export interface TokenFields extends ResourceFields<ProvisionTokenV2> {
  /** `['Bot']`, `['Node', 'App']`, …, in any case. */
  readonly roles?: readonly string[];
  /** Default `token`. */
  readonly joinMethod?: string;
  readonly botName?: string;
  readonly suggestedLabels?: LabelSelector;
  /** What the join method asks for, as its messages have it. */
  readonly config?: JoinMethodConfig;
}

/** A token as its message says it. */
export function tokenView(message: ProvisionTokenV2): Token {
  const spec = message.Spec ?? ProvisionTokenSpecV2.create();
  const bound = message.Status?.BoundKeypair;
  return {
    ...resourceView(message),
    roles: spec.Roles,
    joinMethod: spec.JoinMethod || 'token',
    botName: spec.BotName,
    suggestedLabels: fromLabelValues(spec.SuggestedLabels),
    boundKeypair: bound && {
      publicKey: bound.BoundPublicKey,
      instanceId: bound.BoundBotInstanceID,
      recoveryCount: bound.RecoveryCount,
    },
  };
}

/** Shorter secrets would be guessed by their last part. */
const SHOWN_FROM = 16;

/** The name of a token as it may be shown: where it is a secret, a quarter of a long one and nothing of a short one. */
export function safeTokenName({ name, joinMethod }: Pick<Token, 'name' | 'joinMethod'>): string {
  if (joinMethod !== 'token') return name;
  const hidden = name.length < SHOWN_FROM ? name.length : Math.floor(name.length * 0.75);
  return '*'.repeat(hidden) + name.slice(hidden);
}

/**
 * A token resource, checked and with its defaults.
 *
 * @throws TeleportError `bad_parameter`, naming the field
 * @example
 * newToken({
 *   name: 'ci',
 *   roles: ['Bot'],
 *   botName: 'ci',
 *   joinMethod: 'kubernetes',
 *   config: { Kubernetes: { Type: 'in_cluster', Allow: [{ ServiceAccount: 'ci:deployer' }], StaticJWKS: undefined } },
 * });
 */
export function newToken(fields: TokenFields): ProvisionTokenV2 {
  const before = fields.raw ?? ProvisionTokenV2.create();
  const spec = before.Spec ?? ProvisionTokenSpecV2.create();
  return checkAndSetDefaults({
    ...before,
    Metadata: metadataFrom(fields),
    Spec: {
      ...spec,
      ...fields.config,
      Roles: fields.roles ? [...fields.roles] : spec.Roles,
      JoinMethod: fields.joinMethod ?? spec.JoinMethod,
      BotName: fields.botName ?? spec.BotName,
      SuggestedLabels: changedLabelValues(fields.suggestedLabels, spec.SuggestedLabels),
    },
  });
}

/**
 * What holds for any token, whichever cluster it is for, with the defaults of its join method.
 *
 * @throws TeleportError `bad_parameter`, with the texts of a Teleport 18
 */
export function checkAndSetDefaults(token: ProvisionTokenV2): ProvisionTokenV2 {
  const Metadata = checkMetadata(token.Metadata);
  const { Spec } = token;
  if (!Spec || Spec.Roles.length === 0) throw badParameter('provisioning token is missing roles');
  const Roles = Spec.Roles.map(systemRole);
  const repeated = Roles.find((role, at) => Roles.indexOf(role) !== at);
  if (repeated !== undefined) throw badParameter(`duplicate role ${JSON.stringify(repeated)}`);
  const isForBots = Roles.includes('Bot');
  if (isForBots && Spec.BotName === '') throw badParameter('token with role "Bot" must set bot_name');
  if (!isForBots && Spec.BotName !== '') throw badParameter('can only set bot_name on token with role "Bot"');
  const JoinMethod = Spec.JoinMethod || (Spec.Allow.length > 0 ? 'ec2' : 'token');
  return {
    ...token,
    Kind: 'token',
    Version: 'v2',
    Metadata,
    Spec: checkJoinMethod({
      ...Spec,
      Roles,
      JoinMethod,
      SuggestedLabels: Spec.SuggestedLabels ?? labelValues(),
      SuggestedAgentMatcherLabels: Spec.SuggestedAgentMatcherLabels ?? labelValues(),
    }),
  };
}

function systemRole(name: string): string {
  const role = systemRoleOf(name);
  if (role === undefined) throw badParameter(`role ${name} is not registered`);
  return role;
}
