import { parseGoDuration, TeleportError } from '@teleport-ts/api-types';

/** What a proxy says of itself (`/webapi/find`). Addresses are `host:port`, absent when not configured. */
export interface FindAnswer {
  readonly serverVersion: string;
  /** The oldest client that the cluster serves; older ones are cut off without a word. */
  readonly minClientVersion?: string;
  readonly clusterName: string;
  /** `oss`, `ent` or `community`. */
  readonly edition?: string;
  readonly fips: boolean;
  /** Which keys the cluster wants: `legacy`, `balanced-v1`, `fips-v1`, `hsm-v1`. */
  readonly signatureAlgorithmSuite?: string;
  readonly proxy: ProxySettings;
}

/** Where the parts of a proxy listen. */
export interface ProxySettings {
  /** All protocols share the web port. */
  readonly tlsRoutingEnabled: boolean;
  readonly ssh: {
    readonly listenAddr?: string;
    readonly tunnelListenAddr?: string;
    readonly webListenAddr?: string;
    readonly publicAddr?: string;
    readonly sshPublicAddr?: string;
    readonly sshTunnelPublicAddr?: string;
  };
  readonly kube: { readonly enabled: boolean; readonly publicAddr?: string; readonly listenAddr?: string };
}

/** {@link FindAnswer} with the settings for logging in (`/webapi/ping`). */
export interface PingAnswer extends FindAnswer {
  readonly auth: {
    /** `local`, `oidc`, `saml`, `github`. */
    readonly type: string;
    readonly secondFactor?: string;
    readonly deviceTrustDisabled: boolean;
    readonly hasMessageOfTheDay: boolean;
    readonly defaultSessionTtlMs?: number;
  };
}

type Json = { readonly [key: string]: unknown };

/** Reads the answer of `/webapi/find`. */
export function findAnswer(json: unknown, address: string): FindAnswer {
  const answer = object(json);
  const serverVersion = text(answer.server_version);
  const clusterName = text(answer.cluster_name);
  if (serverVersion === undefined || clusterName === undefined) {
    throw new TeleportError('connection_problem', `what answers at ${address} is not a Teleport proxy`, {
      retryable: false,
      hint: 'its answer to /webapi/find names neither a version nor a cluster; is the address right?',
    });
  }
  const proxy = object(answer.proxy);
  const [ssh, kube] = [object(proxy.ssh), object(proxy.kube)];
  return {
    serverVersion,
    clusterName,
    ...present('minClientVersion', text(answer.min_client_version)),
    ...present('edition', text(answer.edition)),
    fips: answer.fips === true,
    ...present('signatureAlgorithmSuite', text(object(answer.auth).signature_algorithm_suite)),
    proxy: {
      tlsRoutingEnabled: proxy.tls_routing_enabled === true,
      ssh: {
        ...present('listenAddr', text(ssh.listen_addr)),
        ...present('tunnelListenAddr', text(ssh.tunnel_listen_addr)),
        ...present('webListenAddr', text(ssh.web_listen_addr)),
        ...present('publicAddr', text(ssh.public_addr)),
        ...present('sshPublicAddr', text(ssh.ssh_public_addr)),
        ...present('sshTunnelPublicAddr', text(ssh.ssh_tunnel_public_addr)),
      },
      kube: {
        enabled: kube.enabled === true,
        ...present('publicAddr', text(kube.public_addr)),
        ...present('listenAddr', text(kube.listen_addr)),
      },
    },
  };
}

/** Reads the answer of `/webapi/ping`. */
export function pingAnswer(json: unknown, address: string): PingAnswer {
  const auth = object(object(json).auth);
  const ttl = text(auth.default_session_ttl);
  return {
    ...findAnswer(json, address),
    auth: {
      type: text(auth.type) ?? 'local',
      ...present('secondFactor', text(auth.second_factor)),
      deviceTrustDisabled: object(auth.device_trust).disabled === true,
      hasMessageOfTheDay: auth.has_motd === true,
      ...present('defaultSessionTtlMs', ttl === undefined ? undefined : parseGoDuration(ttl)),
    },
  };
}

function object(value: unknown): Json {
  return typeof value === 'object' && value !== null ? (value as Json) : {};
}

/** A text that says something; Go writes an empty one for what is not set. */
function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function present<K extends string, V>(key: K, value: V | undefined): { readonly [P in K]?: V } {
  return (value === undefined ? {} : { [key]: value }) as { readonly [P in K]?: V };
}
