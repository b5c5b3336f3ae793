import { request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { TlsIdentity } from '@teleport-ts/api-types';
import type { AppServerV3, AppV3 } from '@teleport-ts/api-types/proto/teleport/types/app';
import { authenticate, type VerifiedPeer } from '../access/authenticate.ts';
import type { Caller } from '../access/caller.ts';
import type { AppAccess, ClusterContext, LeafDoor } from '../cluster-context.ts';
import { DEMO_URI } from '../state/applications.ts';
import type { IdentityTokens } from './identity-token.ts';

/**
 * An application for the identity as the application's cluster knows it, which may be a leaf; or the status that it is
 * refused with.
 */
export type AppDecision =
  | { readonly app: AppV3; readonly identity: TlsIdentity; readonly leaf?: LeafDoor | undefined }
  | { readonly status: 403 | 404; readonly reason: string };

/**
 * Whether the holder of a verified certificate reaches an application, and which one: its route names the public address
 * and the cluster, its session must still be there, and its roles must allow the application. The route's name, and the
 * request's `Host`, are not looked at.
 */
export function decideAppAccess(context: ClusterContext, peer: VerifiedPeer, ip: string): AppDecision {
  const { state } = context;
  const { identity, isHost } = peer;
  const refused = (reason: string): AppDecision => ({ status: 403, reason });
  const route = identity.app;
  if (isHost || !route?.sessionId) return refused('the certificate has no route to an application');
  if (state.appSessions.get(route.sessionId)?.Spec?.User !== identity.user) return refused('the session is gone');
  const leaf = route.clusterName === state.name ? undefined : context.leaf(route.clusterName ?? '');
  if (route.clusterName !== state.name && !leaf) {
    return refused(`cluster ${JSON.stringify(route.clusterName)} is not known`);
  }
  const there = leaf?.context.state ?? state;
  let caller: Caller;
  try {
    caller = authenticate(state, peer, ip);
    if (leaf) caller = authenticate(there, peer, ip);
  } catch (error) {
    return refused((error as Error).message);
  }
  const servers = there.appServers.values().filter((server) => isAt(server, route.publicAddr));
  if (servers.length === 0) return refused(`nothing is at ${JSON.stringify(route.publicAddr)}`);
  const allowed = servers.map((server) => server.Spec?.App as AppV3).find((app) => caller.roles.mayUseApp(app));
  if (allowed) return { app: allowed, identity: caller.identity ?? identity, leaf };
  return { status: 404, reason: `no role allows ${JSON.stringify(route.publicAddr)}` };
}

function isAt(server: AppServerV3, publicAddr: string | undefined): boolean {
  return publicAddr !== undefined && publicAddr !== '' && server.Spec?.App?.Spec?.PublicAddr === publicAddr;
}

/** What the proxy says about a request; a client's own words on it are dropped. */
const OWN_HEADERS = new Set([
  'teleport-jwt-assertion',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-proto',
  'x-forwarded-server',
  'x-forwarded-ssl',
  'x-real-ip',
]);
const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'upgrade', 'host']);
const NOT_IN_HTTP2 = new Set(['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade']);

/** Passes requests on to applications. */
export class AppForwarder {
  readonly #context: ClusterContext;
  readonly #tokens: IdentityTokens;
  /** Where the demo application is, which stands behind every application without an address of its own. */
  readonly #demoUri: () => string;

  constructor(context: ClusterContext, tokens: IdentityTokens, demoUri: () => string) {
    this.#context = context;
    this.#tokens = tokens;
    this.#demoUri = demoUri;
  }

  handle(peer: VerifiedPeer, request: IncomingMessage, response: ServerResponse): void {
    const ip = request.socket.remoteAddress ?? '';
    const decision = decideAppAccess(this.#context, peer, ip);
    if (!('app' in decision)) {
      this.#context.logger.warn({ user: peer.identity.user, reason: decision.reason }, 'application access refused');
      request.resume();
      answerText(response, decision.status, decision.status === 403 ? 'Forbidden' : 'Not Found');
      return;
    }
    const { app, identity, leaf } = decision;
    if (leaf) leaf.forward({ app, identity, ip }, request, response);
    else this.forward({ app, identity, ip }, request, response);
  }

  /** Passes a request on; whether the identity may use the application is decided. */
  forward({ app, identity, ip }: AppAccess, request: IncomingMessage, response: ServerResponse): void {
    const uri = app.Spec?.URI || '';
    const target = new URL(uri === DEMO_URI ? this.#demoUri() : uri);
    const send = target.protocol === 'https:' ? httpsRequest : httpRequest;
    const upstream = send({
      protocol: target.protocol,
      hostname: target.hostname,
      port: target.port,
      method: request.method,
      path: request.url,
      headers: {
        ...passedOn(request),
        host: target.host,
        ...forwardedHeaders(request, ip),
        'teleport-jwt-assertion': this.#tokens.issue(identity, uri),
      },
      rejectUnauthorized: app.Spec?.InsecureSkipVerify !== true,
      agent: false,
    });
    upstream.on('response', (answer) => {
      const status = answer.statusCode ?? 502;
      // HTTP/2 has neither words beside the status nor headers of a connection.
      if (request.httpVersionMajor === 2) response.writeHead(status, withoutHopByHop(answer.headers));
      else response.writeHead(status, answer.statusMessage, answer.headers);
      answer.pipe(response);
    });
    upstream.on('error', (error) => {
      this.#context.logger.warn({ app: app.Metadata?.Name, error }, 'application does not answer');
      if (response.headersSent) response.destroy();
      else answerText(response, 504, 'the application does not answer');
    });
    response.on('close', () => upstream.destroy());
    request.pipe(upstream);
  }
}

function passedOn(request: IncomingMessage): Record<string, string | string[]> {
  const dropped = new Set(request.headers.connection?.split(',').map((name) => name.trim().toLowerCase()));
  return Object.fromEntries(
    Object.entries(request.headers).filter(
      ([name, value]) =>
        value !== undefined &&
        !name.startsWith(':') &&
        !OWN_HEADERS.has(name) &&
        !HOP_BY_HOP.has(name) &&
        !dropped.has(name),
    ),
  ) as Record<string, string | string[]>;
}

const withoutHopByHop = (headers: IncomingMessage['headers']): IncomingMessage['headers'] =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !NOT_IN_HTTP2.has(name)));

function forwardedHeaders(request: IncomingMessage, ip: string): Record<string, string> {
  const host = request.headers.host ?? String(request.headers[':authority'] ?? '');
  return {
    'x-forwarded-for': ip,
    'x-forwarded-host': host,
    'x-forwarded-port': /:(\d+)$/.exec(host)?.[1] ?? '443',
    'x-forwarded-proto': 'https',
    'x-forwarded-ssl': 'on',
    'x-real-ip': ip,
  };
}

export function answerText(response: ServerResponse<IncomingMessage>, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(`${text}\n`);
}
