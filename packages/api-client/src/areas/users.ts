import type { UserV2 } from '@teleport-ts/api-types/proto/teleport/types/user';
import { UsersServiceDefinition } from '@teleport-ts/api-types/proto/teleport/users/v1/users_service';
import { type User, userView } from '@teleport-ts/api-types/resources/user';
import type { CallOptions } from '../calls/call-options.ts';
import type { Caller } from '../calls/caller.ts';
import { nextUserPage } from './next-user-page.ts';
import { allPages, type FetchPage, onePage, type Page, type PageQuery } from './pages.ts';
import { named, present } from './required.ts';

/** Which users. */
export interface UserQuery extends PageQuery {
  /** Each must be in the name, a role or a label. */
  readonly searchKeywords?: readonly string[];
}

/** @throws TeleportError `not_found`; or `access_denied` for who may not read users */
export async function getUser(client: Caller, name: string, options?: CallOptions): Promise<User> {
  const { user } = await client.unary(UsersServiceDefinition, 'getUser', { name }, options);
  return userView(present(user));
}

/** The user that the client calls as; on a leaf that is another one than at home. */
export async function getCurrentUser(client: Caller, options?: CallOptions): Promise<User> {
  const { user } = await client.unary(UsersServiceDefinition, 'getUser', { currentUser: true }, options);
  return userView(present(user));
}

/** All users, those of bots included, page by page as they are taken; `timeoutMs` is for each page. */
export function listUsers(client: Caller, query: UserQuery = {}, options?: CallOptions): AsyncIterable<User> {
  return allPages(pages(client, query, options), query);
}

/** One page of {@link listUsers}. */
export function listUsersPage(client: Caller, query: UserQuery = {}, options?: CallOptions): Promise<Page<User>> {
  return onePage(pages(client, query, options), query);
}

const pages =
  (client: Caller, { searchKeywords = [] }: UserQuery, options?: CallOptions): FetchPage<User> =>
  async (pageSize, pageToken) => {
    const request = { pageSize, pageToken, filter: { SearchKeywords: [...searchKeywords] } };
    const answer = await client.unary(UsersServiceDefinition, 'listUsers', request, options);
    const items = answer.users.map(userView);
    return { items, nextToken: nextUserPage(answer.nextPageToken, items.at(-1)?.name, pageToken) };
  };

/**
 * Makes a user that is not there yet. It has no password and no second factor.
 *
 * ```ts
 * await createUser(client, newUser({ name: 'alice', roles: ['access'], traits: { logins: ['root'] } }));
 * ```
 *
 * @throws TeleportError `already_exists`; `not_found` for a role that is not there
 */
export async function createUser(client: Caller, user: UserV2, options?: CallOptions): Promise<User> {
  const answer = await client.unary(UsersServiceDefinition, 'createUser', { user: named('user', user) }, options);
  return userView(present(answer.user));
}

/**
 * Replaces a user as it was read, if nobody else has since.
 *
 * @throws TeleportError `compare_failed` when the user is gone, or another revision than the one that was read
 */
export async function updateUser(client: Caller, user: UserV2, options?: CallOptions): Promise<User> {
  const answer = await client.unary(UsersServiceDefinition, 'updateUser', { user: named('user', user) }, options);
  return userView(present(answer.user));
}

/** Makes a user, or replaces it whatever it is by now. */
export async function upsertUser(client: Caller, user: UserV2, options?: CallOptions): Promise<User> {
  const answer = await client.unary(UsersServiceDefinition, 'upsertUser', { user: named('user', user) }, options);
  return userView(present(answer.user));
}

/** Deletes a user; what was issued to it is refused from then on. @throws TeleportError `not_found` */
export async function deleteUser(client: Caller, name: string, options?: CallOptions): Promise<void> {
  await client.unary(UsersServiceDefinition, 'deleteUser', { name }, options);
}
