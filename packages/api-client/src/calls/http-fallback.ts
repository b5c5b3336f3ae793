import { TeleportError } from '@teleport-ts/api-types';
import type { ClusterNameV2 } from '@teleport-ts/api-types/proto/teleport/types/cluster_name';
import { scope } from '../dialing/scope.ts';
import { errorOfAnswer } from '../web/web-error.ts';
import type { HttpAnswer } from './auth-http.ts';
import type { CallEnvironment } from './call-environment.ts';
import type { CallOptions } from './call-options.ts';
import { lateError } from './late-error.ts';

/** A method that a server may not have yet, and what asks the endpoint that it replaces. */
export interface HttpFallback {
  /** `/package.Service/Method` */
  readonly rpc: string;
  /** The Teleport major whose servers all have the method. */
  readonly since: number;
  /** The Teleport major whose servers no longer have the endpoint; with it the entry goes. */
  readonly removeIn: number;
  readonly path: string;
  /** The answer of the endpoint as that of the method. */
  read(body: unknown): unknown;
}

/** To be deleted with its last entry: this file, auth-http.ts, and the two lines that use it in unary-call.ts. */
export const httpFallbacks: readonly HttpFallback[] = [
  {
    rpc: '/teleport.clusterconfig.v1.ClusterConfigService/GetClusterName',
    since: 18,
    removeIn: 19,
    path: '/v2/configuration/name',
    read: clusterName,
  },
];

const byRpc = new Map(httpFallbacks.map((fallback) => [fallback.rpc, fallback]));

/** What takes the place of a method that the server does not implement, if there is something. */
export function fallbackFor(rpc: string): HttpFallback | undefined {
  return byRpc.get(rpc);
}

/**
 * Asks the endpoint.
 *
 * @param missing what the server said of the method; thrown when it has no such endpoint either
 */
export async function callOverHttp(
  { rpc, path, read }: HttpFallback,
  { targets, clock, limit }: CallEnvironment,
  missing: TeleportError,
  { signal, timeoutMs = limit.limitMs }: CallOptions,
): Promise<unknown> {
  const { route } = targets.current;
  if (!route) throw missing;
  const limited = scope(clock, timeoutMs || Number.POSITIVE_INFINITY, signal);
  try {
    const { authHttpGet } = await import('./auth-http.ts');
    const answer = await authHttpGet(route, path, limited.signal);
    if (answer.status === 404 || answer.status === 501) throw missing;
    if (answer.status !== 200) throw refusal(rpc, path, answer);
    return read(parsed(rpc, path, answer.body));
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    throw limited.timedOut ? lateError(rpc, timeoutMs, missing) : error;
  } finally {
    limited.end();
  }
}

function refusal(rpc: string, path: string, answer: HttpAnswer): TeleportError {
  const cause = errorOfAnswer(path, 'GET', answer);
  return new TeleportError(cause.code, cause.message, { rpc, cause });
}

function parsed(rpc: string, path: string, body: string): unknown {
  try {
    return JSON.parse(body);
  } catch (cause) {
    throw new TeleportError('unknown', `the answer to GET ${path} is no JSON`, { rpc, cause });
  }
}

interface ClusterNameJson {
  readonly kind?: string;
  readonly version?: string;
  readonly metadata?: { readonly name?: string; readonly revision?: string };
  readonly spec?: { readonly cluster_name?: string; readonly cluster_id?: string };
}

function clusterName(body: unknown): ClusterNameV2 {
  const { kind, version, metadata, spec } = (body ?? {}) as ClusterNameJson;
  if (typeof spec?.cluster_name !== 'string') {
    throw new TeleportError('unknown', 'the auth service answered a cluster name without a name');
  }
  return {
    Kind: kind ?? 'cluster_name',
    SubKind: '',
    Version: version ?? 'v2',
    Metadata: {
      Name: metadata?.name ?? 'cluster-name',
      Namespace: 'default',
      Description: '',
      Labels: new Map(),
      Expires: undefined,
      Revision: metadata?.revision ?? '',
    },
    Spec: { ClusterName: spec.cluster_name, ClusterID: spec.cluster_id ?? '' },
  };
}
