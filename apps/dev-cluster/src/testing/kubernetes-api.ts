import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import type { TLSSocket } from 'node:tls';
import type { ServerCredentials } from '../pki/web-certificate.ts';

export interface KubernetesApiOptions {
  /** What it shows to clients. */
  readonly server: ServerCredentials;
  /** Authorities of clients, PEM: a client without a certificate of theirs gets no connection. Without them none is asked for. */
  readonly clientCas?: readonly string[];
}

/** What came, as far as tests look at it. */
export interface KubernetesRequest {
  readonly method: string;
  readonly path: string;
  /** On whose behalf a caller acts who may act for others, such as Teleport's Kubernetes service. */
  readonly impersonated: { readonly user?: string; readonly groups: readonly string[] };
  /** Common name of the client certificate; undefined without one. */
  readonly commonName: string | undefined;
}

/**
 * What stands for a Kubernetes API server: it answers the little that kubectl and Teleport's Kubernetes service ask before
 * and beside the request proper, lists one pod in each namespace, and says on `/whoami` whom it took the caller for.
 *
 * ```ts
 * await using api = await KubernetesApi.start({ server, clientCas });
 * await runProgram('kubectl', [`--server=${api.url}`, 'get', 'pods']);
 * ```
 */
export class KubernetesApi implements AsyncDisposable {
  readonly requests: KubernetesRequest[] = [];
  readonly #server: Server;

  private constructor({ server, clientCas }: KubernetesApiOptions) {
    const asks = clientCas && { ca: [...clientCas], requestCert: true, rejectUnauthorized: true };
    this.#server = createServer({ ...server, ...asks }, (request, response) => void this.#answer(request, response));
  }

  static async start(options: KubernetesApiOptions): Promise<KubernetesApi> {
    const api = new KubernetesApi(options);
    await new Promise<void>((resolve) => api.#server.listen(0, '127.0.0.1', resolve));
    return api;
  }

  /** `https://127.0.0.1:port` */
  get url(): string {
    return `https://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const received = receivedFrom(request);
    this.requests.push(received);
    const body = request.method === 'POST' ? await json(request).catch(() => ({})) : {};
    const answer = answerTo(received, body as Record<string, unknown>);
    response.writeHead(answer ? (request.method === 'POST' ? 201 : 200) : 404, { 'content-type': 'application/json' });
    response.end(JSON.stringify(answer ?? { kind: 'Status', apiVersion: 'v1', status: 'Failure', code: 404 }));
  }
}

function receivedFrom({ method = '', url = '', headers, socket }: IncomingMessage): KubernetesRequest {
  const [path = ''] = url.split('?');
  const subject = (socket as TLSSocket).getPeerCertificate?.().subject;
  const user = headers['impersonate-user'];
  const groups = [headers['impersonate-group'] ?? []].flat().flatMap((group) => group.split(', '));
  return {
    ...{ method, path, commonName: subject?.CN },
    impersonated: { groups, ...(typeof user === 'string' && { user }) },
  };
}

/** undefined for what there is not. */
function answerTo(request: KubernetesRequest, body: Record<string, unknown>): object | undefined {
  const { path } = request;
  const namespace = /^\/api\/v1\/namespaces\/([^/]+)\/pods$/.exec(path)?.[1];
  if (namespace !== undefined) return podList(namespace);
  switch (path) {
    case '/version':
      return { major: '1', minor: '28', gitVersion: 'v1.28.0', platform: 'linux/amd64' };
    case '/api':
      return { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] };
    case '/apis':
      return { kind: 'APIGroupList', apiVersion: 'v1', groups: [] };
    case '/api/v1':
      return {
        ...{ kind: 'APIResourceList', groupVersion: 'v1' },
        resources: [
          {
            name: 'pods',
            singularName: 'pod',
            namespaced: true,
            kind: 'Pod',
            shortNames: ['po'],
            verbs: ['get', 'list'],
          },
        ],
      };
    case '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews':
      return { ...body, status: { allowed: true } };
    case '/whoami':
      return request;
    default:
      return undefined;
  }
}

function podList(namespace: string): object {
  const metadata = {
    name: 'web-0',
    namespace,
    uid: 'pod-1',
    resourceVersion: '1',
    creationTimestamp: '2024-01-01T00:00:00Z',
  };
  const spec = { containers: [{ name: 'web', image: 'web' }] };
  const status = { phase: 'Running', containerStatuses: [{ name: 'web', ready: true, restartCount: 0, state: {} }] };
  return { kind: 'PodList', apiVersion: 'v1', metadata: { resourceVersion: '1' }, items: [{ metadata, spec, status }] };
}
