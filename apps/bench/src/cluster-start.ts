import { generateKeyPairSync } from 'node:crypto';
import { Client, credentials } from '@grpc/grpc-js';
import { sshPublicKeyLine, toMethodDefinition } from '@teleport-ts/api-types';
import { AuthServiceDefinition } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import { DevCluster } from '@teleport-ts/dev-cluster';
import { createAuthority, issueSshUserCertificate, issueTlsCertificate } from '@teleport-ts/dev-cluster/testing';
import type { Run } from './process/helper.ts';

export interface ClusterTimes {
  /** From the call of `DevCluster.start` to the answer of the first Ping. */
  readonly firstPingMs: number;
  /** X.509 certificates of a P-256 authority for P-256 keys, in one second of one core. */
  readonly tlsPerSecond: number;
  /** The same with an SSH certificate beside each. */
  readonly pairsPerSecond: number;
}

/** Measures the embedded cluster in a process that has done nothing else. */
export const run: Run<{ readonly certificates: number }, ClusterTimes> = async ({ certificates }) => {
  const started = performance.now();
  const cluster = await DevCluster.start();
  const tls = credentials.createSsl(Buffer.from(cluster.hostCaPems.join('')));
  const client = new Client(cluster.authAddress, tls, {
    'grpc.ssl_target_name_override': 'teleport.cluster.local',
    'grpc.enable_http_proxy': 0,
  });
  const { path, requestSerialize, responseDeserialize } = toMethodDefinition(AuthServiceDefinition, 'ping');
  await new Promise<void>((resolve, reject) => {
    client.makeUnaryRequest(path, requestSerialize, responseDeserialize, {}, (error) =>
      error ? reject(error) : resolve(),
    );
  });
  const firstPingMs = performance.now() - started;
  client.close();
  await cluster.stop();

  const authority = createAuthority({ type: 'user', clusterName: 'bench', clock: { now: () => Date.now() } });
  await authority.prepare();
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const pem = publicKey.export({ type: 'spki', format: 'pem' }) as string;
  const line = sshPublicKeyLine(publicKey);
  const identity = { user: 'bot-bench', roles: ['deployer'], logins: ['root'] };
  const end = new Date(Date.now() + 3_600_000);
  const issueTls = (): unknown => issueTlsCertificate(authority, { publicKey: pem, identity, notAfter: end });
  const issueSsh = (): unknown => issueSshUserCertificate(authority, { publicKey: line, identity, validBefore: end });
  const rate = (work: () => unknown): number => {
    for (let warm = 0; warm < certificates / 10; warm++) work();
    const began = performance.now();
    for (let made = 0; made < certificates; made++) work();
    return (certificates / (performance.now() - began)) * 1000;
  };
  return {
    ready: {
      firstPingMs,
      tlsPerSecond: rate(issueTls),
      pairsPerSecond: rate(() => [issueTls(), issueSsh()]),
    },
  };
};
