import { Empty } from '@teleport-ts/api-types/proto/google/protobuf/empty';
import {
  CreateAppSessionRequest,
  CreateAppSessionResponse,
  DeleteAppSessionRequest,
  DeleteUserAppSessionsRequest,
  GetAppSessionRequest,
  GetAppSessionResponse,
  ListAppSessionsRequest,
  ListAppSessionsResponse,
} from '@teleport-ts/api-types/proto/teleport/proto/sessions';
import { type AppSession, appSessionView } from '@teleport-ts/api-types/resources/app-session';
import type { CallOptions } from '../calls/call-options.ts';
import type { Caller } from '../calls/caller.ts';
import { authMethods, unary } from './auth-methods.ts';
import { allPages, type FetchPage, onePage, type Page, type PageQuery } from './pages.ts';
import { present } from './required.ts';

export type { AppSession } from '@teleport-ts/api-types/resources/app-session';

const AppSessions = authMethods({
  createAppSession: unary('CreateAppSession', CreateAppSessionRequest, CreateAppSessionResponse),
  getAppSession: unary('GetAppSession', GetAppSessionRequest, GetAppSessionResponse),
  listAppSessions: unary('ListAppSessions', ListAppSessionsRequest, ListAppSessionsResponse),
  deleteAppSession: unary('DeleteAppSession', DeleteAppSessionRequest, Empty),
  deleteUserAppSessions: unary('DeleteUserAppSessions', DeleteUserAppSessionsRequest, Empty),
  deleteAllAppSessions: unary('DeleteAllAppSessions', Empty, Empty),
});

/** For whom, and for which application. The cluster does not look whether there is one: its proxy does, later. */
export interface AppSessionFields {
  /** The caller, unless it may make users. */
  readonly user: string;
  /** The application's public address, as a list of applications names it. */
  readonly publicAddress: string;
  /** The cluster that the application belongs to. */
  readonly cluster: string;
  readonly name?: string;
  readonly uri?: string;
  readonly awsRoleArn?: string;
  readonly azureIdentity?: string;
  readonly gcpServiceAccount?: string;
}

/**
 * Makes a session of an application, which lives as long as the caller's certificate, or as its roles let it. A program that
 * wants a certificate for an application needs none: `GenerateUserCerts` with a route makes its own.
 *
 * @throws TeleportError `access_denied` for another user
 */
export async function createAppSession(
  client: Caller,
  fields: AppSessionFields,
  options?: CallOptions,
): Promise<AppSession> {
  const request = {
    Username: fields.user,
    PublicAddr: fields.publicAddress,
    ClusterName: fields.cluster,
    AppName: fields.name ?? '',
    URI: fields.uri ?? '',
    AWSRoleARN: fields.awsRoleArn ?? '',
    AzureIdentity: fields.azureIdentity ?? '',
    GCPServiceAccount: fields.gcpServiceAccount ?? '',
  };
  return appSessionView(present((await client.unary(AppSessions, 'createAppSession', request, options)).Session));
}

/**
 * A session by its id. Its keys are in `raw` for whoever may read sessions; others see their own without them.
 *
 * @throws TeleportError `not_found`; `access_denied`
 */
export async function getAppSession(client: Caller, id: string, options?: CallOptions): Promise<AppSession> {
  const { Session } = await client.unary(AppSessions, 'getAppSession', { SessionID: id }, options);
  return appSessionView(present(Session));
}

/** Which sessions. */
export interface AppSessionQuery extends PageQuery {
  /** Default: those of all users. */
  readonly user?: string;
}

/**
 * The sessions that there are, page by page as they are taken (200 at most at once); `timeoutMs` is for each page.
 *
 * @throws TeleportError `access_denied` for whoever may not read sessions, its own too
 */
export function listAppSessions(
  client: Caller,
  query: AppSessionQuery = {},
  options?: CallOptions,
): AsyncIterable<AppSession> {
  return allPages(pages(client, query, options), query);
}

/** One page of {@link listAppSessions}. */
export function listAppSessionsPage(
  client: Caller,
  query: AppSessionQuery = {},
  options?: CallOptions,
): Promise<Page<AppSession>> {
  return onePage(pages(client, query, options), query);
}

function pages(client: Caller, { user = '' }: AppSessionQuery, options?: CallOptions): FetchPage<AppSession> {
  return async (pageSize, pageToken) => {
    const answer = await client.unary(AppSessions, 'listAppSessions', { pageSize, pageToken, user }, options);
    return { items: answer.sessions.map(appSessionView), nextToken: answer.nextPageToken };
  };
}

/** Ends a session: its certificates are refused by the proxy from now on. @throws TeleportError `not_found` */
export async function deleteAppSession(client: Caller, id: string, options?: CallOptions): Promise<void> {
  await client.unary(AppSessions, 'deleteAppSession', { SessionID: id }, options);
}

/** Ends all sessions of a user, bots included. */
export async function deleteUserAppSessions(client: Caller, user: string, options?: CallOptions): Promise<void> {
  await client.unary(AppSessions, 'deleteUserAppSessions', { Username: user }, options);
}

/** Ends all sessions of all users. */
export async function deleteAllAppSessions(client: Caller, options?: CallOptions): Promise<void> {
  await client.unary(AppSessions, 'deleteAllAppSessions', {}, options);
}
