import { randomBytes } from 'node:crypto';
import { ProvisionTokenV2 } from '@teleport-ts/api-types/proto/teleport/types/provision_token';
import { metadataOf } from '../resources.ts';
import type { ClusterState } from './cluster-state.ts';

export interface BotTokenFields {
  /** The secret by which the bot joins. Default: 32 random hex digits. */
  readonly name?: string;
  readonly botName: string;
  /** Default one hour. */
  readonly expiresInMs?: number;
}

const HOUR_MS = 3_600_000;

/** A token with which a bot joins once. */
export function botToken({ clock }: ClusterState, fields: BotTokenFields): ProvisionTokenV2 {
  const { name = randomBytes(16).toString('hex'), botName, expiresInMs = HOUR_MS } = fields;
  return ProvisionTokenV2.create({
    Kind: 'token',
    Version: 'v2',
    Metadata: metadataOf({ name, expiresAt: clock.now() + expiresInMs }),
    Spec: { Roles: ['Bot'], JoinMethod: 'token', BotName: botName },
  });
}
