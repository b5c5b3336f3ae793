import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePorts } from './free-ports.ts';

/** An application that the real cluster's application service serves. */
export interface RealApplication {
  readonly name: string;
  /** Where it listens, e.g. `http://127.0.0.1:9000`. */
  readonly uri: string;
  readonly labels?: Readonly<Record<string, string>>;
}

/** A database that the real cluster's database service serves. */
export interface RealDatabase {
  readonly name: string;
  /** As in database resources: `postgres`, `mysql`, … */
  readonly protocol: string;
  /** `host:port`; nothing needs to listen there. */
  readonly uri: string;
  readonly labels?: Readonly<Record<string, string>>;
}

/** A Kubernetes cluster that the real cluster's Kubernetes service serves. */
export interface RealKubernetesCluster {
  readonly name: string;
  /** URL of its API server, which the service must be able to ask; its calls carry a token and nothing else. */
  readonly server: string;
  /** Authority of the API server, PEM. */
  readonly caPem: string;
}

/** What a real cluster's configuration file says, as far as these options decide it. */
export interface RealTeleportConfigOptions {
  /** What people log in with besides a password: `otp`, `webauthn`. Default one-time passwords, `['otp']`. */
  readonly secondFactors?: readonly ('otp' | 'webauthn')[];
  /** Name of the cluster. Default `root.test`. */
  readonly name?: string;
  /** Whether all protocols share the web port, or SSH, tunnel and Kubernetes have ports of their own. Default `multiplex`. */
  readonly listenerMode?: 'multiplex' | 'separate';
  readonly applications?: readonly RealApplication[];
  readonly databases?: readonly RealDatabase[];
  /** Kubernetes clusters; behind one that is only named stands no API server. */
  readonly kubernetesClusters?: readonly (string | RealKubernetesCluster)[];
  /** Labels of the SSH node; without them there is none. */
  readonly nodeLabels?: Readonly<Record<string, string>>;
  /** Changes the configuration in place before it is written, e.g. `(c) => { c.auth_service.session_recording = 'off'; }`. */
  readonly configure?: (config: RealTeleportConfig) => void;
}

type Section = Record<string, unknown>;

/** The sections of `teleport.yaml`, version v3; field names as in Teleport's configuration reference. */
export interface RealTeleportConfig {
  version: string;
  teleport: Section;
  auth_service: Section;
  proxy_service: Section;
  ssh_service: Section;
  db_service: Section;
  kubernetes_service: Section;
  app_service: Section;
}

/** Where a real cluster listens, all on 127.0.0.1. With one port for all, `ssh`, `tunnel` and `kubernetes` are `web`. */
export interface RealTeleportPorts {
  readonly auth: number;
  readonly web: number;
  readonly ssh: number;
  readonly tunnel: number;
  readonly kubernetes: number;
  readonly node: number;
  readonly kubernetesService: number;
}

/** Ports that are free now, for a cluster of that mode. */
export async function choosePorts(mode: 'multiplex' | 'separate'): Promise<RealTeleportPorts> {
  const [auth, web, node, kubernetesService, ...own] = (await freePorts(7)) as [number, number, number, number];
  const [ssh, tunnel, kubernetes] = mode === 'separate' ? (own as number[]) : [web, web, web];
  return {
    ...{ auth, web, node, kubernetesService },
    ...{ ssh: ssh as number, tunnel: tunnel as number, kubernetes: kubernetes as number },
  };
}

/** Writes `teleport.yaml` into `folder`, which has the web certificate, and gives its path. */
export async function writeConfig(
  folder: string,
  ports: RealTeleportPorts,
  options: RealTeleportConfigOptions,
): Promise<string> {
  const { name = 'root.test', listenerMode = 'multiplex', kubernetesClusters = [], nodeLabels } = options;
  const { applications = [], databases = [] } = options;
  const separate = listenerMode === 'separate' && {
    listen_addr: `127.0.0.1:${ports.ssh}`,
    tunnel_listen_addr: `127.0.0.1:${ports.tunnel}`,
    kube_listen_addr: `127.0.0.1:${ports.kubernetes}`,
    ssh_public_addr: [`localhost:${ports.ssh}`],
    tunnel_public_addr: [`localhost:${ports.tunnel}`],
    kube_public_addr: [`localhost:${ports.kubernetes}`],
  };
  const config: RealTeleportConfig = {
    version: 'v3',
    teleport: {
      nodename: 'real',
      data_dir: join(folder, 'data'),
      log: { output: 'stderr', severity: 'INFO' },
    },
    auth_service: {
      enabled: true,
      listen_addr: `127.0.0.1:${ports.auth}`,
      cluster_name: name,
      proxy_listener_mode: listenerMode,
      authentication: {
        type: 'local',
        second_factors: options.secondFactors ?? ['otp'],
        ...(options.secondFactors?.includes('webauthn') && { webauthn: { rp_id: 'localhost' } }),
      },
    },
    proxy_service: {
      enabled: true,
      web_listen_addr: `127.0.0.1:${ports.web}`,
      public_addr: [`localhost:${ports.web}`],
      https_keypairs: [{ key_file: join(folder, 'web.key'), cert_file: join(folder, 'web.pem') }],
      ...separate,
    },
    ssh_service: nodeLabels
      ? { enabled: true, listen_addr: `127.0.0.1:${ports.node}`, labels: nodeLabels }
      : { enabled: false },
    db_service: {
      enabled: databases.length > 0,
      databases: databases.map(({ labels = {}, ...database }) => ({ ...database, static_labels: labels })),
    },
    kubernetes_service:
      kubernetesClusters.length > 0
        ? {
            enabled: true,
            listen_addr: `127.0.0.1:${ports.kubernetesService}`,
            kubeconfig_file: await writeKubeconfig(folder, kubernetesClusters),
          }
        : { enabled: false },
    app_service: {
      enabled: applications.length > 0,
      apps: applications.map((app) => ({ name: app.name, uri: app.uri, labels: app.labels ?? {} })),
    },
  };
  options.configure?.(config);
  const path = join(folder, 'teleport.yaml');
  // JSON is YAML: no writer is needed.
  await writeFile(path, JSON.stringify(config, null, 2));
  return path;
}

async function writeKubeconfig(folder: string, clusters: readonly (string | RealKubernetesCluster)[]): Promise<string> {
  const path = join(folder, 'kubeconfig');
  const names = clusters.map(nameOfCluster);
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': names[0],
    clusters: clusters.map((each) => ({ name: nameOfCluster(each), cluster: addressOf(each) })),
    users: names.map((name) => ({ name, user: { token: 'none' } })),
    contexts: names.map((name) => ({ name, context: { cluster: name, user: name } })),
  };
  await writeFile(path, JSON.stringify(config));
  return path;
}

/** The name that people use. */
export const nameOfCluster = (cluster: string | RealKubernetesCluster): string =>
  typeof cluster === 'string' ? cluster : cluster.name;

function addressOf(cluster: string | RealKubernetesCluster): object {
  if (typeof cluster === 'string') return { server: 'https://127.0.0.1:9' };
  return {
    server: cluster.server,
    'certificate-authority-data': Buffer.from(cluster.caPem).toString('base64'),
  };
}
