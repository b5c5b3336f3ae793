import type { FindAnswer } from '../web/proxy-answers.ts';
import { type Address, formatAddress } from './address.ts';
import type { DialStrategy } from './custom-dialer.ts';
import type { Dialed, Dialer } from './dialer.ts';
import { proxyGrpcAddress } from './proxy-grpc-address.ts';
import type { CallingMethod } from './route.ts';
import { pause } from './scope.ts';
import { upgradeByEnvironment } from './upgrade-test.ts';
import type { Way } from './way.ts';

/** How far behind the likelier way the next one starts, unless that has failed before. */
const STAGGER_MS = 250;
/** The way that worked last gets a longer start: to be slow is no reason to leave it. */
const REMEMBERED_STAGGERS = 8;
const AUTH_PORT = 3025;
const SSH_PORT = 3023;
const PROXY_PORT = 443;

type ListedMethod = Exclude<CallingMethod, 'dialer'>;
const PROXY_FIRST: readonly ListedMethod[] = ['tls-routing', 'tls-routing-upgrade', 'proxy-grpc', 'auth'];
const AUTH_FIRST: readonly ListedMethod[] = ['auth', 'tls-routing', 'tls-routing-upgrade', 'proxy-grpc'];

type Attempt = (lost: AbortSignal) => Promise<Dialed | undefined>;

/**
 * Reaches a cluster by any of its addresses; the first that answers a call wins, all others are given up. Undefined when
 * none did: the dialer has the record.
 *
 * @param prefer the way that worked last, at whatever address
 */
export function dialAny(dialer: Dialer, prefer: Way | undefined, signal: AbortSignal): Promise<Dialed | undefined> {
  const all: Attempt = (lost) =>
    firstOf(
      dialer,
      dialer.options.addresses.map((address) => (gone) => dialOne(dialer, address, gone)),
      lost,
    );
  return prefer ? afterRemembered(dialer, prefer, all, signal) : all(signal);
}

async function dialOne(dialer: Dialer, address: Address, signal: AbortSignal): Promise<Dialed | undefined> {
  const { memory, dial, strategy } = dialer.options;
  const ways: Attempt = (lost) => anyWay(dialer, address, lost);
  const own: Attempt = (lost) =>
    dialer.dial({ method: 'dialer', host: address.host, port: address.port ?? AUTH_PORT }, lost);
  const attempts = dial ? (strategy?.fallback ? [own, ways] : [own]) : [ways];
  // The caller's own way is alone until it has failed.
  const all: Attempt = async (lost) => {
    for (const attempt of attempts) {
      const dialed = await attempt(lost);
      if (dialed) return dialed;
    }
    return undefined;
  };
  const known = memory.winner(address);
  const dialed = await (known ? afterRemembered(dialer, known, all, signal) : all(signal));
  if (dialed) memory.won(address, dialed.connection.route);
  else if (!signal.aborted) memory.forget(address);
  return dialed;
}

function afterRemembered(dialer: Dialer, way: Way, others: Attempt, signal: AbortSignal): Promise<Dialed | undefined> {
  return firstOf(dialer, [(lost) => dialer.dial(way, lost), others], signal, REMEMBERED_STAGGERS);
}

/** Finds out whether a proxy or an auth service is at the address, and dials it. */
async function anyWay(dialer: Dialer, address: Address, signal: AbortSignal): Promise<Dialed | undefined> {
  const { strategy } = dialer.options;
  const order = orderOf(strategy, address);
  const proxied = order.filter((method) => method !== 'auth');
  let isProxy = false;
  const byProxy: Attempt = async (lost) => {
    const found = await dialer.find(address, lost);
    if (found) {
      isProxy = true;
      return throughProxy(dialer, address, found, proxied, lost);
    }
    // Who names this way alone may have given the proxy's SSH port, which knows nothing of the web.
    if (!strategy?.onlyListed || !proxied.includes('proxy-grpc')) return undefined;
    return dialer.dial({ method: 'proxy-grpc', host: address.host, port: address.port ?? SSH_PORT }, lost);
  };
  const direct: Attempt = async (lost) => {
    if (isProxy) return undefined;
    const way = { method: 'auth', host: address.host, port: address.port ?? AUTH_PORT } as const;
    const dialed = await dialer.dial(way, lost);
    if (dialed || !dialer.isProxyGrpc(way) || !order.includes('proxy-grpc')) return dialed;
    return dialer.dial({ ...way, method: 'proxy-grpc' }, lost);
  };
  const attempts = order[0] === 'auth' ? [direct, byProxy] : [byProxy, direct];
  return firstOf(
    dialer,
    attempts.filter((attempt) => (attempt === direct ? order.includes('auth') : proxied.length > 0)),
    signal,
  );
}

function orderOf(strategy: DialStrategy | undefined, address: Address): readonly ListedMethod[] {
  const listed = strategy?.order ?? [];
  if (strategy?.onlyListed) return listed;
  const others = address.port === AUTH_PORT ? AUTH_FIRST : PROXY_FIRST;
  return [...listed, ...others.filter((method) => !listed.includes(method))];
}

/** The ways to the auth service that a proxy offers. */
function throughProxy(
  dialer: Dialer,
  address: Address,
  found: FindAnswer,
  methods: readonly ListedMethod[],
  signal: AbortSignal,
): Promise<Dialed | undefined> {
  const { strategy } = dialer.options;
  const web = { host: address.host, port: address.port ?? PROXY_PORT };
  let plain: Promise<unknown> | undefined;
  const attempts = methods.map((method): Attempt => {
    switch (method) {
      case 'tls-routing':
        return (lost) => {
          const isUpgradeSaid = upgradeByEnvironment(formatAddress(web.host, web.port)) === true;
          if (isUpgradeSaid && !strategy?.onlyListed) return Promise.resolve(undefined);
          const dialing = dialer.dial({ method, ...web }, lost, found);
          plain = dialing;
          return dialing;
        };
      case 'tls-routing-upgrade':
        return async (lost) => {
          const isWanted = strategy?.onlyListed || (await dialer.needsUpgrade(address, lost));
          return isWanted ? dialer.dial({ method, ...web }, lost, found) : undefined;
        };
      default:
        return async (lost) => {
          // With separate ports the web port serves TLS routing too, so this one is for when that has failed.
          if (found.proxy.tlsRoutingEnabled && !strategy?.order?.includes('proxy-grpc')) return undefined;
          await plain;
          return dialer.dial({ method: 'proxy-grpc', ...proxyGrpcAddress(found.proxy, address) }, lost, found);
        };
    }
  });
  return firstOf(dialer, attempts, signal);
}

/** Starts one attempt after another, each when the one before has failed or has kept silent for a moment. */
async function firstOf(
  dialer: Dialer,
  attempts: readonly Attempt[],
  signal: AbortSignal,
  staggers = 1,
): Promise<Dialed | undefined> {
  const { clock, strategy } = dialer.options;
  const staggerMs = (strategy?.staggerMs ?? STAGGER_MS) * staggers;
  const lost = new AbortController();
  const onAbort = (): void => lost.abort(signal.reason);
  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort, { once: true });
  let winner: Dialed | undefined;
  const running: Promise<void>[] = [];
  const run = async (attempt: Attempt): Promise<void> => {
    const dialed = await attempt(lost.signal);
    if (!dialed) return;
    if (winner || signal.aborted) return dialed.connection.close(0);
    winner = dialed;
    lost.abort();
  };
  try {
    for (const attempt of attempts) {
      if (lost.signal.aborted || dialer.isRefused) break;
      const started = new AbortController();
      const settled = run(attempt).finally(() => started.abort());
      running.push(settled);
      await pause(clock, staggerMs, started.signal);
    }
    await Promise.all(running);
    return winner;
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
