import type { Duplex } from 'node:stream';
import { UsageError } from '../exit.ts';
import type { SshProxyArguments } from './arguments.ts';
import { proxyAccess } from './credentials.ts';
import { exchange } from './exchange.ts';
import { planSshProxy, type SshProxyPlan } from './plan.ts';
import { standardStreams } from './standard-streams.ts';
import { targetHost } from './target-host.ts';

/** `tbot ssh-proxy-command`, from its arguments to the end of the connection. */
export async function runSshProxy(given: SshProxyArguments): Promise<void> {
  const plan = planSshProxy(given, process.env);
  // What SSH says first waits here until the node is reached.
  const streams = standardStreams();
  await exchange(await dialNode(plan), streams);
}

async function dialNode(plan: SshProxyPlan): Promise<Duplex> {
  const [{ openNodeStream }, access] = await Promise.all([import('@teleport-ts/api-client/ssh'), proxyAccess(plan)]);
  const proxy = plan.proxyServer ?? access.proxyAddress;
  if (!proxy) throw new UsageError('the agent knows no proxy', "name the cluster's proxy with --proxy-server");
  const cluster = plan.cluster ?? access.cluster;
  return await openNodeStream({
    proxy,
    cluster,
    credentials: access.credentials,
    host: targetHost(plan.host, { proxyHost: proxy.replace(/:\d+$/, ''), cluster }),
    port: plan.port,
    ...(plan.tlsRouting !== undefined && { tlsRouting: plan.tlsRouting }),
    ...(plan.connectionUpgrade !== undefined && { connectionUpgrade: plan.connectionUpgrade }),
    trust: { insecureDiscovery: plan.insecure },
    userAgent: 'tbot',
    timeoutMs: plan.timeoutMs,
  });
}
