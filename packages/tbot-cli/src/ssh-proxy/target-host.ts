/**
 * The name of a node as the proxy knows it: what OpenSSH was given, without the proxy's name or the cluster's behind it,
 * which its configuration matches hosts by.
 */
export function targetHost(host: string, names: { readonly proxyHost: string; readonly cluster: string }): string {
  return [names.proxyHost, names.cluster].reduce((name, suffix) => withoutSuffix(name, `.${suffix}`), host);
}

function withoutSuffix(host: string, suffix: string): string {
  const bare = host.toLowerCase().endsWith(suffix.toLowerCase()) ? host.slice(0, -suffix.length) : host;
  return bare === '' ? host : bare;
}
