import { createPublicKey, type KeyObject } from 'node:crypto';
import { request } from 'node:https';
import type { SignatureSuite } from '@teleport-ts/api-types';
import { TrustServiceDefinition as Trust } from '@teleport-ts/api-types/proto/teleport/trust/v1/trust_service';
import { describe, expect, it } from 'vitest';
import { DevCluster } from '../dev-cluster.ts';
import { userClient } from '../testing/wire-bot.ts';

interface JsonWebKey {
  readonly kid: string;
  readonly alg: string;
}

async function publishedKeys(cluster: DevCluster): Promise<JsonWebKey[]> {
  const [host, port] = cluster.proxyAddress.split(':');
  const body = await new Promise<string>((resolve, reject) => {
    const call = request(
      { host, port, path: '/.well-known/jwks.json', ca: cluster.webCaPem, agent: false },
      (answer) => {
        let text = '';
        answer.setEncoding('utf8').on('data', (part: string) => {
          text += part;
        });
        answer.on('end', () => resolve(text));
      },
    );
    call.on('error', reject).end();
  });
  return (JSON.parse(body) as { keys: JsonWebKey[] }).keys;
}

async function trustedKeys(cluster: DevCluster): Promise<KeyObject[]> {
  using alice = await userClient(cluster, 'alice');
  const { Spec } = await alice.call(Trust, 'getCertAuthority', { type: 'jwt', domain: cluster.name });
  const pairs = [...(Spec?.ActiveKeys?.JWT ?? []), ...(Spec?.AdditionalTrustedKeys?.JWT ?? [])];
  return pairs.map(({ PublicKey }) => createPublicKey(PublicKey));
}

describe('the published keys', () => {
  it.each([
    ['balanced-v1', 'ES256'],
    ['legacy', 'RS256'],
  ] satisfies [SignatureSuite, string][])(
    'are those of the jwt authority, during a rotation both: %s',
    async (suite, alg) => {
      await using cluster = await DevCluster.start({ signatureSuite: suite });
      cluster.upsertRole({ name: 'viewer' });
      cluster.upsertUser({ name: 'alice', roles: ['viewer'] });
      for (const [phase, count] of [
        [undefined, 1],
        ['init', 2],
        ['update_clients', 2],
        ['update_servers', 2],
        ['standby', 1],
      ] as const) {
        if (phase) await cluster.rotate('jwt', phase);
        const keys = await publishedKeys(cluster);
        const published = keys.map((key) => createPublicKey({ key: { ...key }, format: 'jwk' }));
        const trusted = await trustedKeys(cluster);
        expect(published.map((key, i) => key.equals(trusted[i] as KeyObject))).toEqual(Array(count).fill(true));
        expect(keys.map((key) => key.alg)).toEqual(Array(count).fill(alg));
        expect(new Set(keys.map(({ kid }) => kid)).size).toBe(count);
      }
    },
  );
});
