import { Empty } from '@teleport-ts/api-types/proto/google/protobuf/empty';
import {
  CreateRoleRequest,
  DeleteRoleRequest,
  GetRoleRequest,
  ListRolesRequest,
  ListRolesResponse,
  UpdateRoleRequest,
  UpsertRoleRequest,
} from '@teleport-ts/api-types/proto/teleport/proto/roles';
import { RoleV6 } from '@teleport-ts/api-types/proto/teleport/types/role';
import { type Role, roleView } from '@teleport-ts/api-types/resources/role';
import type { CallOptions } from '../calls/call-options.ts';
import type { Caller } from '../calls/caller.ts';
import { authMethods, serverStream, unary } from './auth-methods.ts';
import { allPages, onePage, type Page, type PageQuery } from './pages.ts';
import { named } from './required.ts';

const Roles = authMethods({
  getRole: unary('GetRole', GetRoleRequest, RoleV6),
  getCurrentUserRoles: serverStream('GetCurrentUserRoles', Empty, RoleV6),
  listRoles: unary('ListRoles', ListRolesRequest, ListRolesResponse),
  createRole: unary('CreateRole', CreateRoleRequest, RoleV6),
  updateRole: unary('UpdateRole', UpdateRoleRequest, RoleV6),
  upsertRole: unary('UpsertRoleV2', UpsertRoleRequest, RoleV6),
  deleteRole: unary('DeleteRole', DeleteRoleRequest, Empty),
});

/** Which roles. */
export interface RoleQuery extends PageQuery {
  /** Each must be in the name or the labels. */
  readonly searchKeywords?: readonly string[];
  /** Leaves out those that Teleport made for itself. */
  readonly skipSystemRoles?: boolean;
}

/** @throws TeleportError `not_found`; or `access_denied` for who may not read roles, whether it is there or not */
export async function getRole(client: Caller, name: string, options?: CallOptions): Promise<Role> {
  return roleView(await client.unary(Roles, 'getRole', { Name: name }, options));
}

/** The caller's own roles, which everybody may read. */
export async function* getCurrentUserRoles(
  client: Caller,
  options?: CallOptions,
): AsyncGenerator<Role, void, undefined> {
  for await (const role of client.service(Roles).getCurrentUserRoles({}, options)) yield roleView(role);
}

/** All roles, page by page as they are taken; `timeoutMs` is for each page. */
export function listRoles(client: Caller, query: RoleQuery = {}, options?: CallOptions): AsyncIterable<Role> {
  return allPages(pageOf(client, query, options), query);
}

/** One page of {@link listRoles}. */
export function listRolesPage(client: Caller, query: RoleQuery = {}, options?: CallOptions): Promise<Page<Role>> {
  return onePage(pageOf(client, query, options), query);
}

const pageOf =
  (client: Caller, { searchKeywords = [], skipSystemRoles = false }: RoleQuery, options?: CallOptions) =>
  async (size: number, token: string): Promise<Page<Role>> => {
    const Filter = { SearchKeywords: [...searchKeywords], SkipSystemRoles: skipSystemRoles };
    const answer = await client.unary(Roles, 'listRoles', { Limit: size, StartKey: token, Filter }, options);
    return { items: answer.Roles.map(roleView), nextToken: answer.NextKey };
  };

/**
 * Makes a role that is not there yet.
 *
 * ```ts
 * await createRole(client, newRole({ name: 'deployer', allow: { appLabels: { env: 'dev' } } }));
 * ```
 *
 * @throws TeleportError `already_exists`
 */
export async function createRole(client: Caller, role: RoleV6, options?: CallOptions): Promise<Role> {
  return roleView(await client.unary(Roles, 'createRole', { Role: named('role', role) }, options));
}

/**
 * Replaces a role as it was read, if nobody else has since.
 *
 * ```ts
 * const role = await getRole(client, 'deployer');
 * await updateRole(client, newRole({ ...role, description: 'who deploys' }));
 * ```
 *
 * @throws TeleportError `compare_failed` when the role is gone, or another revision than the one that was read
 */
export async function updateRole(client: Caller, role: RoleV6, options?: CallOptions): Promise<Role> {
  return roleView(await client.unary(Roles, 'updateRole', { Role: named('role', role) }, options));
}

/** Makes a role, or replaces it whatever it is by now. */
export async function upsertRole(client: Caller, role: RoleV6, options?: CallOptions): Promise<Role> {
  return roleView(await client.unary(Roles, 'upsertRole', { Role: named('role', role) }, options));
}

/** @throws TeleportError `not_found`; a role that some user still has is refused with `unknown` */
export async function deleteRole(client: Caller, name: string, options?: CallOptions): Promise<void> {
  await client.unary(Roles, 'deleteRole', { Name: name }, options);
}
