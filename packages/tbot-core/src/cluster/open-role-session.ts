import type { Client } from '@teleport-ts/api-client';
import { parseTlsIdentity } from '@teleport-ts/api-types';
import type { Clock } from '../clock.ts';
import { consumerKeyAlgorithm } from '../keys/key-algorithm.ts';
import { generateKeyPair } from '../keys/key-pair.ts';
import { isUntrusted, notTakenYet, ROTATION_LAG_MS } from '../rotation/untrusted.ts';
import { tlsCertificatesOf } from '../trusted-authority.ts';
import type { ClusterFacts } from './cluster-facts.ts';
import type { DialCredential } from './dial.ts';
import { issueImpersonated } from './issue.ts';
import type { RouteView } from './kept-routes.ts';
import { RoleSession, type RoleSessionParts } from './role-session.ts';

/** What sessions are made with. */
export interface SessionOptions {
  /** The bot's own connection at that moment. */
  readonly client: () => Client;
  readonly botUser: string;
  readonly facts: ClusterFacts;
  /** Opens a connection with a session's certificate, to the bot's own cluster or to a leaf by name. */
  readonly dial: (credential: DialCredential, leaf: string | undefined) => Promise<Client>;
  /** Follows what changes on a connection of a session. */
  readonly follow: (client: Client, view: RouteView, signal: AbortSignal) => void;
  /** Wanted lifetime of a session. */
  readonly ttlMs: number;
  readonly clock: Clock;
  readonly random: () => number;
}

/** A session for a set of roles, with a key of its own; its connections are opened when they are needed. */
export async function openRoleSession(options: SessionOptions, roles: readonly string[]): Promise<RoleSession> {
  const { client, botUser, facts, clock, ttlMs, dial, follow, random } = options;
  const nowMs = clock.now();
  const { privateKey, tlsPublicKey } = await generateKeyPair(consumerKeyAlgorithm('session'));
  const expires = new Date(nowMs + ttlMs);
  const request = { user: botUser, roles, cluster: facts.cluster, expires, tlsPublicKey };
  const certs = await issueImpersonated(client(), facts, request);
  const tlsCertificate = certs.TLS.toString('utf8');
  const life = { issuedAtMs: nowMs, expiresAtMs: parseTlsIdentity(tlsCertificate).notAfter.getTime() };
  const connect = async (cluster: string): Promise<Client> => {
    const tlsAuthorities = tlsCertificatesOf(await facts.authorities(), 'host');
    const credential = { tlsCertificate, privateKey, tlsAuthorities };
    return await dial(credential, cluster === facts.cluster ? undefined : cluster).catch((error: unknown) => {
      const isNew = clock.now() < life.issuedAtMs + ROTATION_LAG_MS;
      throw isNew && isUntrusted(error) ? notTakenYet(error) : error;
    });
  };
  const parts: RoleSessionParts = {
    roles,
    life,
    home: facts.cluster,
    connect,
    follow: (opened, cluster, signal) => follow(opened, { roles, cluster }, signal),
  };
  return new RoleSession(parts, random());
}
