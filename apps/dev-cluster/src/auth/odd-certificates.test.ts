import { createPublicKey } from 'node:crypto';
import { AuthServiceDefinition } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DevCluster } from '../dev-cluster.ts';
import { signTlsCertificate } from '../pki/tls-certificate.ts';
import type { TlsIdentityInput } from '../pki/tls-subject.ts';
import { serverAndClientAuth } from '../pki/x509-extensions.ts';
import { distinguishedName } from '../pki/x509-name.ts';
import { HandMadeCertificates } from '../testing/hand-made-certificates.ts';
import { anonymousClient, wireKey } from '../testing/wire-bot.ts';
import { WireClient, type WireCredentials, wireStatus } from '../testing/wire-client.ts';

// Certificates that the cluster's own user authority has signed, and that say what it never would.

const HOUR = 3_600_000;

describe('a certificate of the user authority', () => {
  let cluster: DevCluster;
  let certificates: HandMadeCertificates;

  beforeAll(async () => {
    cluster = await DevCluster.start({ name: 'root.test' });
    cluster.upsertRole({ name: 'boss', allow: { rules: [{ resources: ['*'], verbs: ['*'] }] } });
    cluster.upsertUser({ name: 'alice', roles: ['boss'] });
    certificates = await HandMadeCertificates.of(cluster, 'alice');
  });
  afterAll(() => cluster.stop());

  function ping(identity: WireCredentials): Promise<unknown> {
    const client = new WireClient({ address: cluster.authAddress, ca: cluster.hostCaPems.join(''), identity });
    return client.call(AuthServiceDefinition, 'ping', {}).finally(() => client.close());
  }

  const certified: HandMadeCertificates['issue'] = (identity, life) => certificates.issue(identity, life);

  const alice = { user: 'alice', roles: ['boss'] };

  it('is taken when it says what it should', async () => {
    expect(await ping(certified(alice))).toMatchObject({ ClusterName: 'root.test' });
  });

  it.each<[string, TlsIdentityInput, number]>([
    ['a user who is not there', { ...alice, user: 'nobody' }, 5],
    ['a role that is not there', { ...alice, roles: ['nosuch'] }, 5],
    ['a system role', { ...alice, roles: ['Admin'] }, 14],
    ['another cluster', { ...alice, teleportCluster: 'other.test' }, 14],
    ['a restriction to something else', { ...alice, usage: ['usage:apps'] }, 14],
  ])('with %s is refused', async (_what, identity, code) => {
    expect(await wireStatus(ping(certified(identity)))).toMatchObject({ code });
  });

  it('is refused before and after its time', async () => {
    const past = { notBefore: new Date(Date.now() - 2 * HOUR), notAfter: new Date(Date.now() - HOUR) };
    const future = { notBefore: new Date(Date.now() + HOUR), notAfter: new Date(Date.now() + 2 * HOUR) };
    for (const life of [past, future])
      expect(await wireStatus(ping(certified(alice, life)))).toMatchObject({ code: 14 });
  });

  it('with any subject at all is refused or served, and does no harm', async () => {
    const oid = fc.oneof(
      fc.constantFrom('2.5.4.3', '2.5.4.10', '2.5.4.7', '2.5.4.17', '2.5.4.9', '2.5.4.11'),
      fc.nat({ max: 30 }).map((last) => `1.3.9999.${1 + (last % 3)}.${last}`),
    );
    const text = fc.oneof(
      fc.constantFrom('alice', 'boss', 'root.test', 'true', '{}', '{"logins":1}', '9999-99-99', 'null', '[', '-1'),
      fc.string({ unit: 'grapheme', maxLength: 20 }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(oid, fc.array(text, { maxLength: 3 })), { maxLength: 8 }), async (names) => {
        const { key } = wireKey();
        const cert = signTlsCertificate(certificates.authority.tls, {
          publicKey: createPublicKey(key),
          subjectName: distinguishedName(names),
          notBefore: new Date(Date.now() - 60_000),
          notAfter: new Date(Date.now() + HOUR),
          purpose: serverAndClientAuth,
        });
        const code = await ping({ key, cert }).then(
          () => 0,
          (error: { code: number }) => error.code,
        );
        // Served, not found, denied, or cut off.
        expect([0, 5, 7, 14]).toContain(code);
      }),
      { numRuns: process.env.SOAK ? 3_000 : 100 },
    );
    using after = anonymousClient(cluster);
    expect(await after.call(AuthServiceDefinition, 'ping', {})).toMatchObject({ ClusterName: 'root.test' });
  }, 600_000);
});
