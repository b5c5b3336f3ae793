import { Empty } from '@teleport-ts/api-types/proto/google/protobuf/empty';
import { CreateTokenV2Request, UpsertTokenV2Request } from '@teleport-ts/api-types/proto/teleport/proto/tokens';
import { ProvisionTokenV2, ProvisionTokenV2List } from '@teleport-ts/api-types/proto/teleport/types/provision_token';
import { ResourceRequest } from '@teleport-ts/api-types/proto/teleport/types/resource';
import { type Token, tokenView } from '@teleport-ts/api-types/resources/token';
import type { CallOptions } from '../calls/call-options.ts';
import type { Caller } from '../calls/caller.ts';
import { authMethods, unary } from './auth-methods.ts';
import { named } from './required.ts';

const Tokens = authMethods({
  getToken: unary('GetToken', ResourceRequest, ProvisionTokenV2),
  getTokens: unary('GetTokens', Empty, ProvisionTokenV2List),
  createToken: unary('CreateTokenV2', CreateTokenV2Request, Empty),
  upsertToken: unary('UpsertTokenV2', UpsertTokenV2Request, Empty),
  deleteToken: unary('DeleteToken', ResourceRequest, Empty),
});

/** @throws TeleportError `not_found`; or `access_denied` for who may not read tokens */
export async function getToken(client: Caller, name: string, options?: CallOptions): Promise<Token> {
  return tokenView(await client.unary(Tokens, 'getToken', { Name: name }, options));
}

/** All tokens; Teleport 18.0 has no pages of them. */
export async function getTokens(client: Caller, options?: CallOptions): Promise<readonly Token[]> {
  const { ProvisionTokens } = await client.unary(Tokens, 'getTokens', {}, options);
  return ProvisionTokens.map(tokenView);
}

/**
 * Makes a token that is not there yet.
 *
 * ```ts
 * const expires = new Date(Date.now() + 3_600_000);
 * await createToken(client, newToken({ name: randomUUID(), roles: ['Bot'], botName: 'ci', expires }));
 * ```
 *
 * @throws TeleportError `already_exists`
 */
export async function createToken(client: Caller, token: ProvisionTokenV2, options?: CallOptions): Promise<void> {
  const request = { Token: { $case: 'V2' as const, value: named('token', token) } };
  await client.unary(Tokens, 'createToken', request, options);
}

/** Makes a token, or replaces it whatever it is by now. */
export async function upsertToken(client: Caller, token: ProvisionTokenV2, options?: CallOptions): Promise<void> {
  const request = { Token: { $case: 'V2' as const, value: named('token', token) } };
  await client.unary(Tokens, 'upsertToken', request, options);
}

/** @throws TeleportError `not_found` */
export async function deleteToken(client: Caller, name: string, options?: CallOptions): Promise<void> {
  await client.unary(Tokens, 'deleteToken', { Name: name }, options);
}
