import { BlockList, isIP, isIPv6 } from 'node:net';
import { TeleportError } from '@teleport-ts/api-types';
import { formatAddress } from './address.ts';

/** An HTTP proxy that connections go through. */
export interface HttpProxy {
  /** `http://host:port` or `https://host:port`, without user and password. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  /** It is spoken to by TLS. */
  readonly isSecure: boolean;
  /** The header `Proxy-Authorization`; secret. */
  authorization(): string | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The HTTP proxy that the environment names for an address, by the rules of Go's programs: `HTTPS_PROXY`, else
 * `HTTP_PROXY`; `NO_PROXY` lists names (with their subdomains), `.suffixes`, IP addresses, networks (`10.0.0.0/8`) and
 * `*`, each perhaps with a port; `localhost` and loopback addresses never go through one. Small letters do as well.
 *
 * @throws TeleportError `bad_parameter` naming the variable, not its value, when that is no HTTP address
 */
export function httpProxyFor(host: string, port: number, env: Environment = process.env): HttpProxy | undefined {
  if (isLoopback(host)) return undefined;
  // To a CGI program HTTP_PROXY comes from whoever made the request.
  const names = ['HTTPS_PROXY', 'https_proxy', ...(env.REQUEST_METHOD ? [] : ['HTTP_PROXY', 'http_proxy'])];
  const name = names.find((candidate) => env[candidate]);
  if (name === undefined) return undefined;
  if (isExcepted(host, port, env.NO_PROXY || env.no_proxy || '')) return undefined;
  return readProxy(env[name] as string, name);
}

function readProxy(text: string, name: string): HttpProxy {
  const wrong = (why: string): TeleportError =>
    new TeleportError('bad_parameter', `the environment variable ${name} ${why}`, {
      hint: 'it should be http://proxy.example.com:3128, or https://…; user:password@ may stand before the name',
    });
  let url: URL;
  try {
    url = new URL(text.includes('://') ? text : `http://${text}`);
  } catch {
    throw wrong('is not the address of an HTTP proxy');
  }
  const isSecure = url.protocol === 'https:';
  if (!isSecure && url.protocol !== 'http:') throw wrong(`names a proxy that does not speak HTTP (${url.protocol}//)`);
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  if (host === '') throw wrong('is not the address of an HTTP proxy');
  const port = Number(url.port) || (isSecure ? 443 : 80);
  const login = url.username === '' && url.password === '' ? undefined : loginOf(url, wrong);
  return {
    url: `${url.protocol}//${formatAddress(host, port)}`,
    host,
    port,
    isSecure,
    authorization: () => login,
  };
}

function loginOf(url: URL, wrong: (why: string) => TeleportError): string {
  try {
    const login = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
    return `Basic ${Buffer.from(login).toString('base64')}`;
  } catch {
    throw wrong('has a user or password that is not percent-encoded as it should be');
  }
}

function isLoopback(host: string): boolean {
  return host.toLowerCase() === 'localhost' || /^127\.\d+\.\d+\.\d+$/.test(host) || host === '::1';
}

function isExcepted(host: string, port: number, list: string): boolean {
  const name = host.toLowerCase().replace(/\.$/, '');
  return list
    .split(',')
    .map((entry) => entry.trim().toLowerCase())
    .some((entry) => entry === '*' || (entry !== '' && matches(name, port, entry)));
}

function matches(host: string, port: number, entry: string): boolean {
  if (entry.includes('/')) return isIP(host) > 0 && isInNetwork(host, entry);
  const [, bracketed, plain, entryPort] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(entry) ?? [];
  const wanted = isIPv6(entry) ? entry : (bracketed ?? plain);
  if (wanted === undefined || (entryPort !== undefined && Number(entryPort) !== port)) return false;
  if (isIP(wanted)) return wanted === host;
  const suffix = wanted.replace(/^\*?\./, '.');
  return suffix.startsWith('.') ? host.endsWith(suffix) : host === suffix || host.endsWith(`.${suffix}`);
}

function isInNetwork(host: string, entry: string): boolean {
  const [network = '', bits = ''] = entry.split('/');
  const family = isIP(network);
  if (family === 0 || family !== isIP(host) || !/^\d{1,3}$/.test(bits)) return false;
  if (Number(bits) > (family === 6 ? 128 : 32)) return false;
  const type = family === 6 ? 'ipv6' : 'ipv4';
  const list = new BlockList();
  list.addSubnet(network, Number(bits), type);
  return list.check(host, type);
}
