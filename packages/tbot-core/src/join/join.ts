import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { type Client, type ClientOptions, ConnectError, connect } from '@teleport-ts/api-client';
import { anonymous } from '@teleport-ts/api-client/internal';
import { find, joinOverWeb } from '@teleport-ts/api-client/web';
import { caPin, checkServerVersion, TeleportError, toTimestamp } from '@teleport-ts/api-types';
import { AuthServiceDefinition } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import type { Certs } from '@teleport-ts/api-types/proto/teleport/proto/certs';
import { JoinServiceDefinition } from '@teleport-ts/api-types/proto/teleport/proto/join_service';
import { BotIdentity } from '../bot-identity/bot-identity.ts';
import { hashToken } from '../bot-identity/bot-identity-store.ts';
import type { Onboarding } from '../bot-types.ts';
import { type DialSettings, dialClock, oneTry } from '../cluster/dial.ts';
import { botKeyAlgorithm } from '../keys/key-algorithm.ts';
import { generateKeyPair, type KeyPair } from '../keys/key-pair.ts';
import { checkCaPins, splitPem, wrongPin } from './ca-pins.ts';
import { checkClock, joinError } from './join-error.ts';

/** What {@link joinByToken} takes. */
export interface JoinOptions {
  readonly dial: DialSettings;
  /** The address is that of a proxy; else it is found out. */
  readonly proxy: boolean;
  readonly onboarding: Onboarding;
  /** The token itself, not its path. */
  readonly token: string;
  /** Wanted lifetime of the certificates. */
  readonly ttlMs: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Joins a cluster with a token and returns the bot's first identity. The private key is made here and goes nowhere.
 *
 * On an auth service's address the cluster is verified by CA pins or a CA file before the token is sent; on a proxy's by
 * its web certificate, and by pins as on an auth service's, through the proxy; only where nobody without an identity gets
 * through to the auth service are they compared with the authorities that come back, after the token was sent.
 *
 * @throws TeleportError `access_denied` (token or pin refused), `locked`, `connection_problem`, `unknown` (clock skew)
 */
export async function joinByToken(options: JoinOptions): Promise<BotIdentity> {
  const { keys, certs } = await (options.proxy ? joinThroughProxy(options) : joinAtAddress(options));
  const identity = BotIdentity.create({
    privateKey: keys.privateKey,
    tlsCertificate: certs.TLS.toString('utf8'),
    sshCertificate: certs.SSH.toString('utf8').trim(),
    tlsAuthorities: certs.TLSCACerts.map((pem) => pem.toString('utf8')),
    sshAuthorities: certs.SSHCACerts.map((line) => line.toString('utf8')),
    tokenHash: hashToken(options.token),
  });
  checkClock(identity, options.dial.clock.now());
  return identity;
}

interface Joined {
  readonly keys: KeyPair;
  readonly certs: Certs;
}

/** An address that may be an auth service's or a proxy's: a connection without a credential tells. */
async function joinAtAddress(options: JoinOptions): Promise<Joined> {
  const { onboarding, dial } = options;
  const ca = onboarding.caPath === undefined ? undefined : await readCaFile(onboarding.caPath);
  const first = await connectAnonymously(options, ca);
  try {
    if (first.connection.method !== 'auth') return await joinThroughProxy(options);
    if (ca) return await joinThroughAuth(first, options);
    if (!onboarding.caPins) {
      dial.logger.warn(
        { address: dial.address },
        'joining WITHOUT VERIFYING the cluster: whoever answers at this address gets the token and is trusted from now on; give a CA pin (--ca-pin, `tctl status` prints it)',
      );
      return await joinThroughAuth(first, options);
    }
    const { TLSCA } = await first.service(AuthServiceDefinition).getClusterCACert({});
    const pinned = checkCaPins(TLSCA.toString('utf8'), onboarding.caPins, dial.clock.now());
    await using verified = await connectAnonymously(options, pinned);
    return await joinThroughAuth(verified, options);
  } finally {
    await first.close({ graceMs: 0 });
  }
}

function connectAnonymously(
  { dial, signal }: JoinOptions,
  ca: readonly string[] | undefined,
  strategy: ClientOptions['strategy'] = {},
): Promise<Client> {
  return connect({
    strategy,
    packageName: dial.packageName,
    addresses: [dial.address],
    credentials: anonymous(ca ? { ca } : { insecure: true }),
    trust: { ...(dial.webCa && { webCa: dial.webCa }), insecureDiscovery: dial.insecure ?? false },
    skipVersionCheck: dial.skipVersionCheck ?? false,
    ...oneTry,
    clock: dialClock(dial.clock),
    logger: dial.logger,
    ...(signal && { signal }),
  });
}

async function joinThroughAuth(client: Client, options: JoinOptions): Promise<Joined> {
  const call = options.signal ? { signal: options.signal } : {};
  const { signatureAlgorithmSuite } = await client.service(AuthServiceDefinition).ping({}, call);
  const keys = await generateKeyPair(botKeyAlgorithm(signatureAlgorithmSuite));
  try {
    return {
      keys,
      certs: await client.service(JoinServiceDefinition).registerUsingToken(joinRequest(options, keys), call),
    };
  } catch (error) {
    throw joinError(error, options.token);
  }
}

async function joinThroughProxy(options: JoinOptions): Promise<Joined> {
  const { dial, onboarding, signal } = options;
  const web = { insecure: dial.insecure ?? false, ...(dial.webCa && { webCa: dial.webCa }), ...(signal && { signal }) };
  if (dial.insecure) {
    dial.logger.warn(
      { address: dial.address },
      'joining WITHOUT VERIFYING the proxy: whoever answers at this address gets the token',
    );
  }
  const { packageName } = dial;
  const { signatureAlgorithmSuite, serverVersion, minClientVersion } = await find(dial.address, web);
  // Before the token is used up on a cluster that the agent cannot work with.
  if (!dial.skipVersionCheck) checkServerVersion({ serverVersion, minClientVersion, packageName });
  if (onboarding.caPins) await checkPinsThroughProxy(options, onboarding.caPins);
  const keys = await generateKeyPair(botKeyAlgorithm(signatureAlgorithmSuite));
  let certs: Certs;
  try {
    certs = await joinOverWeb(dial.address, joinRequest(options, keys), web);
  } catch (error) {
    throw joinError(error, options.token);
  }
  if (onboarding.caPins) checkAnsweredAuthorities(certs, onboarding.caPins);
  return { keys, certs };
}

/** Before the token is sent: the cluster behind the proxy names the pinned authority, and proves that it is its own. */
async function checkPinsThroughProxy(options: JoinOptions, pins: readonly string[]): Promise<void> {
  const strategy = { order: ['tls-routing', 'tls-routing-upgrade'], onlyListed: true } as const;
  let bundle: string;
  try {
    await using client = await connectAnonymously(options, undefined, strategy);
    bundle = (await client.service(AuthServiceDefinition).getClusterCACert({})).TLSCA.toString('utf8');
  } catch (error) {
    if (!(error instanceof ConnectError)) throw error;
    const { address, logger } = options.dial;
    logger.debug({ address, code: error.code }, 'the CA pin can only be compared after the join');
    return;
  }
  const pinned = checkCaPins(bundle, pins, options.dial.clock.now());
  const verified = await connectAnonymously(options, pinned, strategy);
  await verified.close({ graceMs: 0 });
}

/** The answer names user and host authorities together, so one of them has to be the pinned one. */
function checkAnsweredAuthorities(certs: Certs, pins: readonly string[]): void {
  const seen = certs.TLSCACerts.map((pem) => caPin(pem));
  if (!seen.some((pin) => pins.includes(pin))) throw wrongPin(seen, false, true);
}

function joinRequest({ token, ttlMs, dial }: JoinOptions, keys: KeyPair) {
  return {
    Role: 'Bot',
    Token: token,
    NodeName: hostname(),
    PublicTLSKey: Buffer.from(keys.tlsPublicKey),
    PublicSSHKey: Buffer.from(keys.sshPublicKey),
    Expires: toTimestamp(new Date(dial.clock.now() + ttlMs)),
  };
}

async function readCaFile(path: string): Promise<string[]> {
  const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    const code = cause.code === 'ENOENT' ? 'not_found' : 'bad_parameter';
    throw new TeleportError(code, `the CA file ${path} (ca_path) cannot be read: ${cause.code ?? 'unknown error'}`, {
      cause,
    });
  });
  const certificates = splitPem(text);
  if (certificates.length > 0) return certificates;
  throw new TeleportError('bad_parameter', `the CA file ${path} (ca_path) holds no certificate`, {
    hint: 'it should hold the cluster’s host CA as PEM: `tctl auth export --type=tls-host`',
  });
}
