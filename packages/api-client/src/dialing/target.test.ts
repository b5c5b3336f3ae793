import { X509Certificate } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { anonymous } from '../credentials/anonymous.ts';
import { loadIdentityFile } from '../credentials/identity-file.ts';
import { authAlpn, authoritiesOf } from './target.ts';

const golden = fileURLToPath(new URL('../../testdata/teleport-18/tbot-identity', import.meta.url));

test('the ALPN names the cluster in hex, before h2', () => {
  expect(authAlpn('root.test')).toEqual(['teleport-auth@726f6f742e74657374.teleport.cluster.local', 'h2']);
});

test('only the authorities of the cluster that is dialed may speak for it', async () => {
  const credential = await loadIdentityFile(golden).current();
  for (const cluster of ['root.example', 'leaf.example']) {
    const found = authoritiesOf(credential, cluster);
    expect(found).toHaveLength(1);
    expect(new X509Certificate(found[0] as string).subject).toContain(`O=${cluster}`);
  }
  expect(() => authoritiesOf(credential, 'other.example')).toThrowError(
    expect.objectContaining({
      code: 'bad_parameter',
      message: `the identity file ${golden} holds no CA of the cluster other.example, it is of root.example`,
      hint: expect.stringContaining('leaf.example, root.example'),
    }),
  );
});

test('who trusts any server, or knows no cluster, has nothing to choose from', async () => {
  const insecure = await anonymous({ insecure: true }).current();
  expect(authoritiesOf(insecure, 'root.example')).toEqual([]);
  const credential = await loadIdentityFile(golden).current();
  expect(authoritiesOf(credential, undefined)).toEqual(credential.ca);
});
