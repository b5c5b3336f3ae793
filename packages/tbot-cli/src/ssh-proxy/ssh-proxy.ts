import type { Duplex } from 'node:stream';
import { openNodeStream } from '@teleport-ts/api-client/ssh';
import { UsageError } from '../exit.ts';
import type { SshProxyArguments } from './arguments.ts';
import { type ProxyAccess, proxyAccess } from './credentials.ts';
import { exchange } from './exchange.ts';
import { planSshProxy, type SshProxyPlan } from './plan.ts';
import type { ExpandedTemplate } from './proxy-templates.ts';
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
  const [access, template] = await Promise.all([proxyAccess(plan), templateFor(plan)]);
  const proxy = template.proxy ?? plan.proxyServer ?? access.proxyAddress;
  if (!proxy) throw new UsageError('the agent knows no proxy', "name the cluster's proxy with --proxy-server");
  const cluster = template.cluster ?? plan.cluster ?? access.cluster;
  return await openNodeStream({
    proxy,
    cluster,
    credentials: access.credentials,
    ...(await nodeOf(plan, template, { ...access, proxyAddress: proxy, cluster })),
    ...(plan.tlsRouting !== undefined && { tlsRouting: plan.tlsRouting }),
    ...(plan.connectionUpgrade !== undefined && { connectionUpgrade: plan.connectionUpgrade }),
    trust: { insecureDiscovery: plan.insecure },
    userAgent: 'tbot',
    timeoutMs: plan.timeoutMs,
  });
}

async function templateFor({ proxyTemplates, host, port }: SshProxyPlan): Promise<ExpandedTemplate> {
  if (proxyTemplates === undefined) return {};
  const { expandTemplates, loadProxyTemplates } = await import('./proxy-templates.ts');
  return expandTemplates(await loadProxyTemplates(proxyTemplates), `${host}:${port}`) ?? {};
}

/** The node as the proxy knows it: by its name and port, or by the id that a template leads to. */
async function nodeOf(
  { host, port, insecure, timeoutMs }: SshProxyPlan,
  template: ExpandedTemplate,
  { credentials, cluster, proxyAddress: proxy, homeCluster }: Required<ProxyAccess>,
): Promise<{ readonly host: string; readonly port: number }> {
  if (!template.query && !template.search) {
    const proxyHost = proxy.replace(/:\d+$/, '');
    return { host: targetHost(template.host ?? host, { proxyHost, cluster }), port };
  }
  const { findNode } = await import('./find-node.ts');
  const isRoot = cluster === homeCluster;
  return { host: await findNode({ ...template, proxy, cluster, credentials, isRoot, insecure, timeoutMs }), port: 0 };
}
