import { yamlText } from './yaml-text.ts';

/** The one cluster, user and context of a kubeconfig. */
export interface KubeconfigParts {
  /** Name of all three. */
  readonly name: string;
  /** URL of the proxy. */
  readonly server: string;
  /** What to ask the proxy for in TLS; absent where it has a port of its own for Kubernetes. */
  readonly tlsServerName?: string;
  /** PEM. */
  readonly authorities: string;
  readonly user: KubeconfigUser;
}

/** Either a command that gives a credential whenever one is needed, or the credential itself. */
export type KubeconfigUser =
  | { readonly type: 'exec'; readonly command: string; readonly args: readonly string[] }
  | { readonly type: 'certificate'; readonly certificate: string; readonly key: string };

/** A kubeconfig as `kubectl` and Go's client library write it. */
export function kubeconfig({ name, server, tlsServerName, authorities, user }: KubeconfigParts): string {
  const named = yamlText(name);
  return [
    'apiVersion: v1',
    'clusters:',
    '- cluster:',
    `    certificate-authority-data: ${base64(authorities)}`,
    `    server: ${yamlText(server)}`,
    ...(tlsServerName === undefined ? [] : [`    tls-server-name: ${yamlText(tlsServerName)}`]),
    `  name: ${named}`,
    'contexts:',
    '- context:',
    `    cluster: ${named}`,
    `    user: ${named}`,
    `  name: ${named}`,
    `current-context: ${named}`,
    'kind: Config',
    'preferences: {}',
    'users:',
    `- name: ${named}`,
    '  user:',
    ...userLines(user),
    '',
  ].join('\n');
}

function userLines(user: KubeconfigUser): string[] {
  if (user.type === 'certificate') {
    return [`    client-certificate-data: ${base64(user.certificate)}`, `    client-key-data: ${base64(user.key)}`];
  }
  return [
    '    exec:',
    '      apiVersion: client.authentication.k8s.io/v1beta1',
    '      args:',
    ...user.args.map((arg) => `      - ${yamlText(arg)}`),
    `      command: ${yamlText(user.command)}`,
    '      env: null',
    '      provideClusterInfo: false',
  ];
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');
