import type { IncomingMessage, ServerResponse } from 'node:http';
import { isTeleportError, statusOf } from '@teleport-ts/api-types';
import { RegisterUsingTokenRequest } from '@teleport-ts/api-types/proto/teleport/types/join';
import type { ClusterContext } from '../cluster-context.ts';
import { joinWithToken } from '../issuing/join.ts';
import { MIN_CLIENT_VERSION } from '../rpc/client-version.ts';
import { toTimestamp } from '../timestamps.ts';
import { decideUpgrade, isUpgradePath } from './connection-upgrade.ts';
import type { IdentityTokens } from './identity-token.ts';

const MAX_BODY_BYTES = 1024 * 1024;

/** What the proxy answers on its web port to callers without a client certificate. There is no user interface. */
export class WebApi {
  readonly #context: ClusterContext;
  readonly #tokens: IdentityTokens;

  constructor(context: ClusterContext, tokens: IdentityTokens) {
    this.#context = context;
    this.#tokens = tokens;
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [pathname = ''] = (request.url ?? '').split(/[?#]/);
    const path = pathname.replace(/^\/v1(?=\/webapi\/)/, '');
    const isGet = request.method === 'GET' || request.method === 'HEAD';
    if (isGet && path === '/webapi/ping') return answer(response, 200, this.#ping());
    if (isGet && path === '/webapi/find') return answer(response, 200, this.#find());
    if (isGet && path === '/.well-known/jwks.json') return answer(response, 200, this.#tokens.keySet);
    if (isUpgradePath(request)) return refuseUpgrade(request, response);
    const connector = /^\/webapi\/ping\/([^/]+)$/.exec(path)?.[1];
    if (isGet && connector !== undefined) {
      return answer(response, 400, refusal(`invalid connector name: ${connector}; valid options: `));
    }
    if (request.method === 'POST' && path === '/webapi/host/credentials') return await this.#join(request, response);
    request.resume();
    answer(response, 404, { ...refusal('path not found'), fields: { proxyVersion: this.#proxyVersion() } });
  }

  async #join(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const joining = parseJoin(await readBody(request));
      const certs = joinWithToken(this.#context, joining, request.socket.remoteAddress ?? '');
      const base64 = (bytes: Buffer): string => bytes.toString('base64');
      answer(response, 200, {
        ssh: base64(certs.SSH),
        tls: base64(certs.TLS),
        tls_ca_certs: certs.TLSCACerts.map(base64),
        ssh_ca_certs: certs.SSHCACerts.map(base64),
      });
    } catch (error) {
      answer(response, httpStatusOf(error), refusal(statusOf(error).message));
    }
  }

  #ping(): object {
    return {
      auth: {
        type: 'local',
        second_factor: 'otp',
        preferred_local_mfa: 'otp',
        local: { name: '' },
        private_key_policy: 'none',
        piv_slot: '',
        piv_pin_cache_ttl: 0,
        device_trust: { disabled: true },
        has_motd: false,
        default_session_ttl: '12h0m0s',
        signature_algorithm_suite: this.#context.state.facts.signatureSuite,
      },
      ...this.#common(),
    };
  }

  #find(): object {
    return {
      auth: {
        type: '',
        private_key_policy: '',
        piv_slot: '',
        piv_pin_cache_ttl: 0,
        device_trust: {},
        has_motd: false,
        default_session_ttl: '0s',
        signature_algorithm_suite: this.#context.state.facts.signatureSuite,
      },
      ...this.#common(),
    };
  }

  #common(): object {
    const { serverVersion, state, addresses } = this.#context;
    const { proxy, ssh = proxy, tunnel = proxy } = addresses.ports;
    const isSeparate = addresses.ssh !== undefined;
    return {
      proxy: {
        kube: { enabled: false },
        ssh: {
          listen_addr: `127.0.0.1:${ssh}`,
          tunnel_listen_addr: `127.0.0.1:${tunnel}`,
          web_listen_addr: `127.0.0.1:${proxy}`,
          public_addr: addresses.proxyPublic,
          ...(isSeparate && { ssh_public_addr: addresses.ssh, ssh_tunnel_public_addr: addresses.tunnel }),
          dial_timeout: 30_000_000_000,
        },
        db: {},
        tls_routing_enabled: !isSeparate,
      },
      server_version: serverVersion,
      min_client_version: MIN_CLIENT_VERSION,
      auto_update: {
        tools_version: serverVersion,
        tools_auto_update: false,
        agent_version: serverVersion,
        agent_auto_update: false,
        agent_update_jitter_seconds: 60,
      },
      cluster_name: state.name,
      automatic_upgrades: false,
      edition: 'oss',
      fips: false,
    };
  }

  #proxyVersion(): object {
    const { serverVersion } = this.#context;
    const [release = '', preRelease = ''] = serverVersion.split('-');
    const [major, minor, patch] = release.split('.').map(Number);
    return { major, minor, patch, preRelease, string: serverVersion };
  }
}

const refusal = (message: string): { error: { message: string } } => ({ error: { message } });

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

function refuseUpgrade(request: IncomingMessage, response: ServerResponse): void {
  const decision = decideUpgrade(request);
  // Go's WebSocket library answers for itself, and the proxy adds its own words.
  if (decision.status === 404) {
    answer(response, 404, refusal(decision.message));
    return;
  }
  const message = decision.status === 400 ? decision.message : 'upgrade without the header Connection';
  response.writeHead(400, { 'content-type': 'text/plain; charset=utf-8', 'sec-websocket-version': '13' });
  response.end(`Bad Request\n${JSON.stringify(refusal(message), null, 4)}`);
}

const HTTP_STATUS: Readonly<Record<string, number>> = {
  access_denied: 403,
  already_exists: 409,
  bad_parameter: 400,
  compare_failed: 412,
  connection_problem: 504,
  limit_exceeded: 429,
  not_found: 404,
  not_implemented: 501,
};

function httpStatusOf(error: unknown): number {
  if (error instanceof BadBody) return 400;
  return isTeleportError(error) ? (HTTP_STATUS[error.code] ?? 500) : 500;
}

class BadBody extends Error {}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) throw new BadBody('request body is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

/** The JSON form of `types.RegisterUsingTokenRequest`: names as in YAML, bytes in base64, times as text. */
function parseJoin(body: string): RegisterUsingTokenRequest {
  let fields: unknown;
  try {
    fields = JSON.parse(body);
  } catch {
    throw new BadBody('failed to parse request body as JSON');
  }
  if (typeof fields !== 'object' || fields === null || Array.isArray(fields)) throw new BadBody('expected an object');
  const of = fields as Record<string, unknown>;
  const text = (name: string): string => {
    const value = of[name] ?? '';
    if (typeof value !== 'string') throw new BadBody(`${name} must be a string`);
    return value;
  };
  const bytes = (name: string): Buffer => Buffer.from(text(name), 'base64');
  const list = (name: string): string[] => (Array.isArray(of[name]) ? (of[name] as unknown[]).map(String) : []);
  const expires = text('expires');
  const expiresAt = Date.parse(expires);
  if (expires !== '' && Number.isNaN(expiresAt)) throw new BadBody('expires must be an RFC 3339 time');
  return {
    ...RegisterUsingTokenRequest.create(),
    HostID: text('hostID'),
    NodeName: text('node_name'),
    Role: text('role'),
    Token: text('token'),
    AdditionalPrincipals: list('additional_principals'),
    DNSNames: list('dns_names'),
    PublicTLSKey: bytes('public_tls_key'),
    PublicSSHKey: bytes('public_ssh_key'),
    EC2IdentityDocument: bytes('ec2_id'),
    IDToken: text('id_token'),
    Expires: expires === '' ? undefined : toTimestamp(expiresAt),
  };
}
