import type { DevCluster } from '../dev-cluster.ts';

/** What a started cluster tells; with `--json` exactly this, on one line. */
export interface Announcement {
  readonly name: string;
  /** `127.0.0.1:port` */
  readonly authAddress: string;
  /** `localhost:port` */
  readonly proxyAddress: string;
  readonly caPins: readonly string[];
  /** The authority behind the proxy's web certificate, PEM. */
  readonly webCa: string;
  /** The same as a file; absent without a data directory. */
  readonly webCaPath?: string;
  /** A fresh joining token for each bot that was named, by the bot's name. */
  readonly tokens: Readonly<Record<string, string>>;
  readonly applications: readonly { readonly name: string; readonly publicAddr: string }[];
}

/** The text that a started cluster prints, newline included. */
export function announcement(cluster: DevCluster, tokens: Announcement['tokens'], json: boolean): string {
  const { name, authAddress, proxyAddress, caPins, webCaPem, webCaPath, applications } = cluster;
  const facts: Announcement = {
    name,
    authAddress,
    proxyAddress,
    caPins,
    webCa: webCaPem,
    ...(webCaPath !== undefined && { webCaPath }),
    tokens,
    applications,
  };
  return json ? `${JSON.stringify(facts)}\n` : text(facts);
}

function text({ name, authAddress, proxyAddress, caPins, webCaPath, tokens, applications }: Announcement): string {
  const lines = [
    `cluster ${name} is running; for development and tests only`,
    '',
    `  auth service  ${authAddress}`,
    `  proxy         https://${proxyAddress}`,
    ...caPins.map((pin) => `  CA pin        ${pin}`),
    `  web CA        ${webCaPath ?? 'kept in memory; give --data-dir to have it as a file'}`,
    ...applications.map((app) => `  application   ${app.name} (${app.publicAddr})`),
  ];
  for (const [bot, token] of Object.entries(tokens)) {
    lines.push(
      '',
      `join the bot ${bot} (the token is good once, for an hour):`,
      '',
      `  tbot start -c tbot.yaml --join-method token --token ${token} --ca-pin ${caPins[0]}`,
      '',
      'with a tbot.yaml of',
      '',
      `  auth_server: ${authAddress}`,
      '  store: { type: memory }',
      '  sockets:',
      `  - path: file:///tmp/tbot-${bot}.sock`,
    );
  }
  return `${lines.join('\n')}\n\nstop it with ctrl-c\n`;
}
