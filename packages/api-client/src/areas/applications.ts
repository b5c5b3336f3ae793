import { Empty } from '@teleport-ts/api-types/proto/google/protobuf/empty';
import { DeleteApplicationServerRequest } from '@teleport-ts/api-types/proto/teleport/proto/heartbeats';
import { AppV3, AppV3List } from '@teleport-ts/api-types/proto/teleport/types/app';
import { ResourceRequest } from '@teleport-ts/api-types/proto/teleport/types/resource';
import {
  type Application,
  type ApplicationServer,
  applicationServerView,
  applicationView,
} from '@teleport-ts/api-types/resources/application';
import type { CallOptions } from '../calls/call-options.ts';
import type { Caller } from '../calls/caller.ts';
import { authMethods, unary } from './auth-methods.ts';
import { allPages, type FetchPage, onePage, type Page } from './pages.ts';
import { named } from './required.ts';
import { type Listed, type ResourceQuery, resourcePages } from './resource-list.ts';
import { unifiedPages } from './unified-list.ts';

const ApplicationMethods = authMethods({
  getApplication: unary('GetApp', ResourceRequest, AppV3),
  getApplications: unary('GetApps', Empty, AppV3List),
  createApplication: unary('CreateApp', AppV3, Empty),
  updateApplication: unary('UpdateApp', AppV3, Empty),
  deleteApplication: unary('DeleteApp', ResourceRequest, Empty),
  deleteAllApplications: unary('DeleteAllApps', Empty, Empty),
  deleteApplicationServer: unary('DeleteApplicationServer', DeleteApplicationServerRequest, Empty),
});

/** Which service of a thing that may have many. */
export interface ApplicationServerId {
  readonly hostId: string;
  readonly name: string;
}

/**
 * The applications that the caller may reach, each once, page by page as they are taken; `timeoutMs` is for each page.
 *
 * ```ts
 * for await (const { name } of listApplications(client, { labels: { env: 'prod' } })) console.log(name);
 * ```
 */
export function listApplications(
  client: Caller,
  query: ResourceQuery = {},
  options?: CallOptions,
): AsyncIterable<Listed<Application>> {
  return allPages(pages(client, query, options), query);
}

/** One page of {@link listApplications}. */
export function listApplicationsPage(
  client: Caller,
  query: ResourceQuery = {},
  options?: CallOptions,
): Promise<Page<Listed<Application>>> {
  return onePage(pages(client, query, options), query);
}

const pages = (client: Caller, query: ResourceQuery, options?: CallOptions): FetchPage<Listed<Application>> =>
  unifiedPages(
    client,
    ['app'],
    query,
    (resource) =>
      resource.$case === 'AppServer' && resource.value.Spec?.App ? applicationView(resource.value.Spec.App) : undefined,
    options,
  );

/** The services that serve the applications that the caller may reach: of one of them there may be many. */
export function listApplicationServers(
  client: Caller,
  query: ResourceQuery = {},
  options?: CallOptions,
): AsyncIterable<Listed<ApplicationServer>> {
  return allPages(serverPages(client, query, options), query);
}

/** One page of {@link listApplicationServers}. */
export function listApplicationServersPage(
  client: Caller,
  query: ResourceQuery = {},
  options?: CallOptions,
): Promise<Page<Listed<ApplicationServer>>> {
  return onePage(serverPages(client, query, options), query);
}

const serverPages = (
  client: Caller,
  query: ResourceQuery,
  options?: CallOptions,
): FetchPage<Listed<ApplicationServer>> =>
  resourcePages(
    client,
    'app_server',
    query,
    (resource) => (resource.$case === 'AppServer' ? applicationServerView(resource.value) : undefined),
    options,
  );

/** A application that is written down for services to pick up, whether one has or not. @throws TeleportError `not_found` */
export async function getApplication(client: Caller, name: string, options?: CallOptions): Promise<Application> {
  return applicationView(await client.unary(ApplicationMethods, 'getApplication', { Name: name }, options));
}

/** All applications that are written down for services to pick up; Teleport 18.0 has no pages of them. */
export async function getApplications(client: Caller, options?: CallOptions): Promise<readonly Application[]> {
  const { Apps } = await client.unary(ApplicationMethods, 'getApplications', {}, options);
  return Apps.map(applicationView);
}

/**
 * Writes a application down that is not there yet; who makes one must be able to use it.
 *
 * ```ts
 * await createApplication(client, newApplication({ name: 'grafana', uri: 'http://127.0.0.1:3000' }));
 * ```
 *
 * @throws TeleportError `already_exists`
 */
export async function createApplication(client: Caller, application: AppV3, options?: CallOptions): Promise<void> {
  await client.unary(ApplicationMethods, 'createApplication', named('application', application), options);
}

/** Replaces a application. Teleport does not compare revisions here: of two that do the last one wins. @throws TeleportError `not_found` */
export async function updateApplication(client: Caller, application: AppV3, options?: CallOptions): Promise<void> {
  await client.unary(ApplicationMethods, 'updateApplication', named('application', application), options);
}

/** @throws TeleportError `not_found` */
export async function deleteApplication(client: Caller, name: string, options?: CallOptions): Promise<void> {
  await client.unary(ApplicationMethods, 'deleteApplication', { Name: name }, options);
}

/** Deletes all that are written down and that the caller may use. */
export async function deleteAllApplications(client: Caller, options?: CallOptions): Promise<void> {
  await client.unary(ApplicationMethods, 'deleteAllApplications', {}, options);
}

/** Forgets a service; one that runs comes back with its next heartbeat. */
export async function deleteApplicationServer(
  client: Caller,
  id: ApplicationServerId,
  options?: CallOptions,
): Promise<void> {
  await client.unary(
    ApplicationMethods,
    'deleteApplicationServer',
    { Namespace: 'default', HostID: id.hostId, Name: id.name },
    options,
  );
}
