import { needsUpgrade, parseAddress, upgradeByEnvironment } from '@teleport-ts/api-client/internal';
import { find, proxyAddresses } from '@teleport-ts/api-client/web';
import { type ProxyEndpoints, tlsRoutingEndpoints } from '@teleport-ts/tbot-core/client';

/** The credential is there already: what the proxy does not say soon is assumed. */
const MAX_WAIT_MS = 5_000;

/**
 * Asks a proxy how OpenSSH and kubectl reach it. A proxy that does not answer, or whose web certificate this machine does
 * not trust, is taken for one with TLS routing, as nearly all are; what is done with the answer checks certificates of the
 * cluster's own.
 *
 * @param webAddress `host:port`
 */
export async function lookUpProxy(
  webAddress: string,
  options: {
    readonly timeoutMs: number /** PEM, beside those that Node trusts. */;
    readonly webCa?: readonly string[];
  },
): Promise<{ readonly endpoints: ProxyEndpoints; readonly note?: string }> {
  const timeoutMs = Math.min(options.timeoutMs, MAX_WAIT_MS);
  try {
    const answer = await find(webAddress, { ...options, timeoutMs });
    const { ssh, kube } = proxyAddresses(answer, webAddress);
    const tlsRouting = answer.proxy.tlsRoutingEnabled;
    const connectionUpgrade = tlsRouting && (await isUpgradeNeeded(ssh, timeoutMs));
    return { endpoints: { ssh, ...(kube ? { kubernetes: kube } : {}), tlsRouting, connectionUpgrade } };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return {
      endpoints: tlsRoutingEndpoints(webAddress),
      note: `everything of the proxy is assumed to be on ${webAddress}, since it did not say otherwise: ${why}`,
    };
  }
}

async function isUpgradeNeeded(address: string, timeoutMs: number): Promise<boolean> {
  const { host, port = 443 } = parseAddress(address);
  return upgradeByEnvironment(address) ?? (await needsUpgrade({ host, port }, AbortSignal.timeout(timeoutMs)));
}
