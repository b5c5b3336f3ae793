import { TeleportError } from '@teleport-ts/api-types';
import { type AuthenticationSettings, authenticationSettings, signatureSuite } from './authentication-settings.ts';
import { count, type Json, object, text, withoutUndefined } from './json-fields.ts';

/** What a proxy says of itself (`/webapi/find`). Addresses are `host:port`, absent when not configured. */
export interface FindAnswer {
  readonly serverVersion: string;
  /** The oldest client that the cluster serves; older ones are cut off without a word. */
  readonly minClientVersion?: string;
  readonly clusterName: string;
  /** `oss`, `ent` or `community`. */
  readonly edition?: string;
  readonly fips: boolean;
  /** Agents are updated by the older of the two mechanisms; only `ping` tells. */
  readonly automaticUpgrades: boolean;
  /** Absent from the answer for a connector. */
  readonly autoUpdate?: AutoUpdateSettings;
  /** Which keys the cluster wants: `legacy`, `balanced-v1`, `fips-v1`, `hsm-v1`. */
  readonly signatureAlgorithmSuite?: string;
  readonly proxy: ProxySettings;
}

/** Which versions client tools and agents are to be updated to, and whether now. */
export interface AutoUpdateSettings {
  readonly toolsVersion?: string;
  readonly toolsAutoUpdate: boolean;
  readonly agentVersion?: string;
  readonly agentAutoUpdate: boolean;
  /** An agent waits a random time up to this before it updates. */
  readonly agentUpdateJitterSeconds?: number;
}

/** Where the parts of a proxy listen; `proxyAddresses` makes of it where a client goes. */
export interface ProxySettings {
  /** All protocols share the web port. */
  readonly tlsRoutingEnabled: boolean;
  readonly ssh: SshProxySettings;
  readonly kube: KubeProxySettings;
  /** Absent from answers that have no databases in them. */
  readonly db?: DatabaseProxySettings;
}

export interface SshProxySettings {
  readonly listenAddr?: string;
  readonly tunnelListenAddr?: string;
  readonly webListenAddr?: string;
  /** Of the web port. */
  readonly publicAddr?: string;
  readonly sshPublicAddr?: string;
  readonly sshTunnelPublicAddr?: string;
  /** How long a client is to wait for an SSH connection. */
  readonly dialTimeoutMs?: number;
}

export interface KubeProxySettings {
  readonly enabled: boolean;
  readonly publicAddr?: string;
  readonly listenAddr?: string;
}

export interface DatabaseProxySettings {
  readonly postgresListenAddr?: string;
  readonly postgresPublicAddr?: string;
  readonly mysqlListenAddr?: string;
  readonly mysqlPublicAddr?: string;
  readonly mongoListenAddr?: string;
  readonly mongoPublicAddr?: string;
}

/** {@link FindAnswer} with the settings for logging in (`/webapi/ping`). */
export interface PingAnswer extends FindAnswer {
  readonly auth: AuthenticationSettings;
}

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
  return withoutUndefined({
    serverVersion,
    minClientVersion: text(answer.min_client_version),
    clusterName,
    edition: text(answer.edition),
    fips: answer.fips === true,
    automaticUpgrades: answer.automatic_upgrades === true,
    autoUpdate: answer.auto_update === undefined ? undefined : autoUpdate(object(answer.auto_update)),
    signatureAlgorithmSuite: signatureSuite(object(answer.auth).signature_algorithm_suite),
    proxy: proxySettings(object(answer.proxy)),
  });
}

/** Reads the answer of `/webapi/ping`. */
export function pingAnswer(json: unknown, address: string): PingAnswer {
  return { ...findAnswer(json, address), auth: authenticationSettings(object(object(json).auth)) };
}

function autoUpdate(fields: Json): AutoUpdateSettings {
  return withoutUndefined({
    toolsVersion: text(fields.tools_version),
    toolsAutoUpdate: fields.tools_auto_update === true,
    agentVersion: text(fields.agent_version),
    agentAutoUpdate: fields.agent_auto_update === true,
    agentUpdateJitterSeconds: count(fields.agent_update_jitter_seconds),
  });
}

function proxySettings(proxy: Json): ProxySettings {
  const [ssh, kube, db] = [object(proxy.ssh), object(proxy.kube), object(proxy.db)];
  const dialTimeoutNs = count(ssh.dial_timeout);
  return withoutUndefined({
    tlsRoutingEnabled: proxy.tls_routing_enabled === true,
    ssh: withoutUndefined({
      listenAddr: text(ssh.listen_addr),
      tunnelListenAddr: text(ssh.tunnel_listen_addr),
      webListenAddr: text(ssh.web_listen_addr),
      publicAddr: text(ssh.public_addr),
      sshPublicAddr: text(ssh.ssh_public_addr),
      sshTunnelPublicAddr: text(ssh.ssh_tunnel_public_addr),
      dialTimeoutMs: dialTimeoutNs === undefined ? undefined : dialTimeoutNs / 1_000_000,
    }),
    kube: withoutUndefined({
      enabled: kube.enabled === true,
      publicAddr: text(kube.public_addr),
      listenAddr: text(kube.listen_addr),
    }),
    db:
      proxy.db === undefined
        ? undefined
        : withoutUndefined({
            postgresListenAddr: text(db.postgres_listen_addr),
            postgresPublicAddr: text(db.postgres_public_addr),
            mysqlListenAddr: text(db.mysql_listen_addr),
            mysqlPublicAddr: text(db.mysql_public_addr),
            mongoListenAddr: text(db.mongo_listen_addr),
            mongoPublicAddr: text(db.mongo_public_addr),
          }),
  });
}
