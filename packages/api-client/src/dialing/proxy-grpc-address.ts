import { proxyAddresses } from '../web/proxy-addresses.ts';
import type { ProxySettings } from '../web/proxy-answers.ts';
import { type Address, formatAddress, parseAddress } from './address.ts';

const SSH_PORT = 3023;
const WEB_PORT = 443;

/**
 * Where a proxy's gRPC service is: on the web port, or with separate ports on the SSH port.
 *
 * @param web the web address that it was asked at
 */
export function proxyGrpcAddress(proxy: ProxySettings, web: Address): Required<Address> {
  const asked = { host: web.host, port: web.port ?? WEB_PORT };
  if (proxy.tlsRoutingEnabled) return asked;
  try {
    const { host, port = SSH_PORT } = parseAddress(
      proxyAddresses({ proxy }, formatAddress(asked.host, asked.port), { env: {} }).ssh,
    );
    return { host, port };
  } catch {
    // A proxy that names its addresses badly is most likely where all are.
    return { host: web.host, port: SSH_PORT };
  }
}
