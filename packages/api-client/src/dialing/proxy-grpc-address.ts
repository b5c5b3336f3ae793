import type { ProxySettings } from '../web/proxy-answers.ts';
import { type Address, parseAddress } from './address.ts';

const SSH_PORT = 3023;
const WEB_PORT = 443;

/**
 * Where a proxy's gRPC service is: on the web port, or with separate ports on the SSH port, by the order in which Teleport's
 * own programs look (`ssh_public_addr`, `public_addr`, `listen_addr`).
 *
 * @param web the web address that it was asked at
 */
export function proxyGrpcAddress({ tlsRoutingEnabled, ssh }: ProxySettings, web: Address): Required<Address> {
  if (tlsRoutingEnabled) return { host: web.host, port: web.port ?? WEB_PORT };
  const listen = read(ssh.listenAddr);
  const port = listen?.port ?? SSH_PORT;
  const named = read(ssh.sshPublicAddr);
  if (named) return { host: reachable(named.host, web), port: named.port ?? port };
  const host = read(ssh.publicAddr)?.host ?? listen?.host;
  return { host: host === undefined ? web.host : reachable(host, web), port };
}

function read(text: string | undefined): Address | undefined {
  if (text === undefined) return undefined;
  try {
    return parseAddress(text.replace(/^:/, '0.0.0.0:'));
  } catch {
    // An address that cannot be read is as good as none.
    return undefined;
  }
}

/** "All addresses" is where a server listens, not where a client goes. */
function reachable(host: string, web: Address): string {
  return host === '0.0.0.0' || host === '::' ? web.host : host;
}
