import type { IncomingMessage, ServerResponse } from 'node:http';
import { GrpcCode, statusOf } from '@teleport-ts/api-types';
import { authorizeKind } from '../access/authorize-kind.ts';
import type { Caller } from '../access/caller.ts';
import type { ClusterState } from '../state/cluster-state.ts';

const HTTP_STATUS: Readonly<Record<number, number>> = {
  [GrpcCode.PERMISSION_DENIED]: 403,
  [GrpcCode.NOT_FOUND]: 404,
};

/**
 * The HTTP API of old, on the port of gRPC. Of its endpoints the one that a Teleport 18 client still falls back to is
 * served: the name of the cluster.
 *
 * @param authenticate who asks, by the client certificate of the connection
 */
export function answerHttp(
  state: ClusterState,
  request: IncomingMessage,
  response: ServerResponse,
  authenticate: () => Caller,
): void {
  const [, version, ...path] = (request.url ?? '').split('?')[0]!.split('/');
  if (request.method !== 'GET' || path.join('/') !== 'configuration/name') {
    response.writeHead(404, { 'content-type': 'text/plain; charset=utf-8' }).end('404 page not found\n');
    return;
  }
  const answer = (status: number, body: string): void => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(body);
  };
  if (version !== 'v2') {
    answer(400, errorBody(`version '${version}' is not supported`));
    return;
  }
  try {
    authorizeKind(authenticate(), 'cluster_name', 'read');
    answer(200, clusterName(state));
  } catch (error) {
    const { code, message } = statusOf(error);
    answer(HTTP_STATUS[code] ?? 500, errorBody(message));
  }
}

function clusterName({ facts: { name, clusterId } }: ClusterState): string {
  return JSON.stringify({
    kind: 'cluster_name',
    version: 'v2',
    metadata: { name: 'cluster-name' },
    spec: { cluster_name: name, cluster_id: clusterId },
  });
}

function errorBody(message: string): string {
  return JSON.stringify({ error: { message } }, undefined, 4);
}
