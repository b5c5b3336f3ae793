import { Empty } from '@teleport-ts/api-types/proto/google/protobuf/empty';
import { DeleteDatabaseServerRequest } from '@teleport-ts/api-types/proto/teleport/proto/heartbeats';
import { DatabaseV3, DatabaseV3List } from '@teleport-ts/api-types/proto/teleport/types/database';
import { ResourceRequest } from '@teleport-ts/api-types/proto/teleport/types/resource';
import {
  type Database,
  type DatabaseServer,
  databaseServerView,
  databaseView,
} from '@teleport-ts/api-types/resources/database';
import type { CallOptions } from '../calls/call-options.ts';
import type { Caller } from '../calls/caller.ts';
import { authMethods, unary } from './auth-methods.ts';
import { allPages, type FetchPage, onePage, type Page } from './pages.ts';
import { named } from './required.ts';
import { type Listed, type ResourceQuery, resourcePages } from './resource-list.ts';
import { unifiedPages } from './unified-list.ts';

const DatabaseMethods = authMethods({
  getDatabase: unary('GetDatabase', ResourceRequest, DatabaseV3),
  getDatabases: unary('GetDatabases', Empty, DatabaseV3List),
  createDatabase: unary('CreateDatabase', DatabaseV3, Empty),
  updateDatabase: unary('UpdateDatabase', DatabaseV3, Empty),
  deleteDatabase: unary('DeleteDatabase', ResourceRequest, Empty),
  deleteAllDatabases: unary('DeleteAllDatabases', Empty, Empty),
  deleteDatabaseServer: unary('DeleteDatabaseServer', DeleteDatabaseServerRequest, Empty),
});

/** Which service of a thing that may have many. */
export interface DatabaseServerId {
  readonly hostId: string;
  readonly name: string;
}

/**
 * The databases that the caller may reach, each once, page by page as they are taken; `timeoutMs` is for each page.
 *
 * ```ts
 * for await (const { name } of listDatabases(client, { labels: { env: 'prod' } })) console.log(name);
 * ```
 */
export function listDatabases(
  client: Caller,
  query: ResourceQuery = {},
  options?: CallOptions,
): AsyncIterable<Listed<Database>> {
  return allPages(pages(client, query, options), query);
}

/** One page of {@link listDatabases}. */
export function listDatabasesPage(
  client: Caller,
  query: ResourceQuery = {},
  options?: CallOptions,
): Promise<Page<Listed<Database>>> {
  return onePage(pages(client, query, options), query);
}

const pages = (client: Caller, query: ResourceQuery, options?: CallOptions): FetchPage<Listed<Database>> =>
  unifiedPages(
    client,
    ['db'],
    query,
    (resource) =>
      resource.$case === 'DatabaseServer' && resource.value.Spec?.Database
        ? databaseView(resource.value.Spec.Database)
        : undefined,
    options,
  );

/** The services that serve the databases that the caller may reach: of one of them there may be many. */
export function listDatabaseServers(
  client: Caller,
  query: ResourceQuery = {},
  options?: CallOptions,
): AsyncIterable<Listed<DatabaseServer>> {
  return allPages(serverPages(client, query, options), query);
}

/** One page of {@link listDatabaseServers}. */
export function listDatabaseServersPage(
  client: Caller,
  query: ResourceQuery = {},
  options?: CallOptions,
): Promise<Page<Listed<DatabaseServer>>> {
  return onePage(serverPages(client, query, options), query);
}

const serverPages = (client: Caller, query: ResourceQuery, options?: CallOptions): FetchPage<Listed<DatabaseServer>> =>
  resourcePages(
    client,
    'db_server',
    query,
    (resource) => (resource.$case === 'DatabaseServer' ? databaseServerView(resource.value) : undefined),
    options,
  );

/** A database that is written down for services to pick up, whether one has or not. @throws TeleportError `not_found` */
export async function getDatabase(client: Caller, name: string, options?: CallOptions): Promise<Database> {
  return databaseView(await client.unary(DatabaseMethods, 'getDatabase', { Name: name }, options));
}

/** All databases that are written down for services to pick up; Teleport 18.0 has no pages of them. */
export async function getDatabases(client: Caller, options?: CallOptions): Promise<readonly Database[]> {
  const { Databases } = await client.unary(DatabaseMethods, 'getDatabases', {}, options);
  return Databases.map(databaseView);
}

/**
 * Writes a database down that is not there yet; who makes one must be able to use it.
 *
 * ```ts
 * await createDatabase(client, newDatabase({ name: 'orders', protocol: 'postgres', uri: 'db1:5432' }));
 * ```
 *
 * @throws TeleportError `already_exists`
 */
export async function createDatabase(client: Caller, database: DatabaseV3, options?: CallOptions): Promise<void> {
  await client.unary(DatabaseMethods, 'createDatabase', named('database', database), options);
}

/** Replaces a database. Teleport does not compare revisions here: of two that do the last one wins. @throws TeleportError `not_found` */
export async function updateDatabase(client: Caller, database: DatabaseV3, options?: CallOptions): Promise<void> {
  await client.unary(DatabaseMethods, 'updateDatabase', named('database', database), options);
}

/** @throws TeleportError `not_found` */
export async function deleteDatabase(client: Caller, name: string, options?: CallOptions): Promise<void> {
  await client.unary(DatabaseMethods, 'deleteDatabase', { Name: name }, options);
}

/** Deletes all that are written down and that the caller may use. */
export async function deleteAllDatabases(client: Caller, options?: CallOptions): Promise<void> {
  await client.unary(DatabaseMethods, 'deleteAllDatabases', {}, options);
}

/** Forgets a service; one that runs comes back with its next heartbeat. */
export async function deleteDatabaseServer(client: Caller, id: DatabaseServerId, options?: CallOptions): Promise<void> {
  await client.unary(
    DatabaseMethods,
    'deleteDatabaseServer',
    { Namespace: 'default', HostID: id.hostId, Name: id.name },
    options,
  );
}
