import { isTeleportError, TeleportError } from '@teleport-ts/api-types';
import { checkCallPolicy } from './calls/call-environment.ts';
import { type Client, ConnectedClient } from './client.ts';
import type { ClientOptions } from './client-options.ts';
import type { Clock } from './clock.ts';
import { CredentialRenewal } from './connection/credential-renewal.ts';
import { type DialAgain, LiveConnection } from './connection/live-connection.ts';
import { KeptCredential } from './credentials/kept-credential.ts';
import type { Address } from './dialing/address.ts';
import { dial } from './dialing/dial.ts';
import { DialMemory } from './dialing/dial-memory.ts';
import type { Dialed, DialOptions } from './dialing/dialer.ts';
import type { Route } from './dialing/route.ts';
import { type Scope, scope } from './dialing/scope.ts';
import { LeafClients } from './leaf-clients.ts';
import { silentLogger } from './logger.ts';
import { packageVersion } from './package-version.ts';
import { StatusHub } from './status/status-hub.ts';

/** The part of the whole time that one attempt gets, so that a silent address leaves time for the others. */
const ATTEMPT_SHARE = 1 / 3;

interface OpenSettings {
  readonly connectMs: number;
  readonly clock: Clock;
  /** What dials of the root have found out. */
  readonly memory?: DialMemory;
  /** Those of the root: what a leaf's client opens belongs to it too. */
  readonly leaves?: LeafClients;
  readonly onClosing?: (client: Client) => Promise<void>;
}

/** Dials the addresses and makes the client; the credential has been looked at. */
export async function openClient(
  options: ClientOptions,
  addresses: readonly Address[],
  limit: Scope,
  { connectMs, clock, memory = new DialMemory(clock), leaves: rootLeaves, onClosing }: OpenSettings,
): Promise<Client> {
  checkCallPolicy(options);
  const { logger = silentLogger, trust, cluster, random = Math.random } = options;
  const kept = new KeptCredential(options.credentials, clock);
  const status = new StatusHub();
  const settings: DialOptions = {
    addresses,
    source: kept,
    ...(cluster !== undefined && { cluster }),
    web: { ...(trust?.webCa && { webCa: trust.webCa }), insecure: trust?.insecureDiscovery ?? false },
    checkVersion: !options.skipVersionCheck,
    packageName: options.packageName,
    strategy: options.strategy,
    dial: options.dial,
    memory,
    status,
    userAgent: [options.userAgent, `teleport-ts/${packageVersion()}`].filter(Boolean).join(' '),
    attemptMs: Math.max(1, Math.floor(connectMs * ATTEMPT_SHARE)),
    clock,
    logger,
  };
  const dialAgain: DialAgain = async ({ prefer, signal }) => {
    const within = scope(clock, connectMs, signal);
    try {
      return await dialWithin(settings, within, connectMs, prefer);
    } finally {
      within.end();
    }
  };
  const first = await dialWithin(settings, limit, connectMs);
  const live = new LiveConnection(first, { dial: dialAgain, status, clock, random });
  const renewal = new CredentialRenewal({ kept, live, reload: options.reload ?? {}, status, clock, logger });
  const leaves: LeafClients =
    rootLeaves ??
    new LeafClients({
      source: kept,
      connectMs,
      clock,
      dial: (leaf, within, closing) => {
        const to = leaf.addresses ?? addresses;
        const settings = { connectMs, clock, memory, leaves, onClosing: closing };
        return openClient({ ...options, ...leaf.options }, to, within, settings);
      },
    });
  const client = new ConnectedClient({
    live,
    renewal,
    server: first.server,
    policy: options,
    clock,
    status,
    leaves,
    onClosing: onClosing ?? ((_client, graceMs) => leaves.close(graceMs)),
  });
  await renewal.start();
  return client;
}

async function dialWithin(settings: DialOptions, limit: Scope, limitMs: number, prefer?: Route): Promise<Dialed> {
  try {
    return await dial(settings, { signal: limit.signal, ...(prefer && { prefer }) });
  } catch (error) {
    if (!limit.timedOut || isTeleportError(error)) throw error;
    throw new TeleportError('timeout', `cannot connect to Teleport: nothing answered within ${limitMs} ms`);
  }
}
