import { generateKeyPairSync } from 'node:crypto';
import { parseTlsIdentity, type TlsIdentityFields } from '@teleport-ts/api-types';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createAuthority } from './cert-authority.ts';
import { issueTlsCertificate } from './tls-certificate.ts';

const soakTimeoutMs = process.env.SOAK ? 600_000 : 30_000;

const clock = { now: () => Date.UTC(2026, 0, 1) };
const authority = createAuthority({ type: 'user', clusterName: 'prop.example', clock });
const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });

// Text that has a UTF-8 form at all; a lone surrogate has none.
const text = fc.string({ unit: 'binary', maxLength: 40 }).filter((value) => Buffer.from(value).toString() === value);
const some = text.filter((value) => value !== '');
const list = fc.array(text, { maxLength: 4 });
const optional = <T extends Record<string, fc.Arbitrary<unknown>>>(model: T) => fc.record(model, { requiredKeys: [] });

const filled = <T extends object>(value: T): boolean => Object.keys(value).length > 0;
const wholeSeconds = fc.integer({ min: 0, max: 4_102_444_799 }).map((seconds) => new Date(seconds * 1000));
const json = fc
  .dictionary(some, fc.jsonValue({ depthSize: 'small' }))
  .map((value) => JSON.parse(JSON.stringify(value)));

const identityFields: fc.Arbitrary<TlsIdentityFields> = fc.record(
  {
    user: some,
    roles: fc.array(text, { minLength: 1, maxLength: 4 }),
    usage: list,
    logins: list,
    traits: fc.dictionary(text, list),
    routeToCluster: text,
    teleportCluster: some,
    app: optional({
      name: some,
      sessionId: some,
      publicAddr: some,
      clusterName: some,
      targetPort: fc.integer({ min: 1, max: 65_535 }),
      awsRoleArn: some,
      azureIdentity: some,
      gcpServiceAccount: some,
      awsCredentialProcess: some,
    }).filter(filled),
    database: fc
      .record({ service: some, protocol: some, user: some, name: some, roles: list }, { requiredKeys: ['roles'] })
      .filter((route) => route.roles.length > 0 || Object.keys(route).length > 1),
    kubernetesCluster: some,
    kubernetesUsers: list,
    kubernetesGroups: list,
    databaseNames: list,
    databaseUsers: list,
    awsRoleArns: list,
    azureIdentities: list,
    gcpServiceAccounts: list,
    renewable: fc.boolean(),
    generation: fc.maxSafeNat(),
    botName: some,
    botInstanceId: some,
    impersonator: some,
    disallowReissue: fc.boolean(),
    joinAttributes: json,
    activeRequests: list,
    allowedResources: list,
    systemRoles: list,
    userType: some,
    privateKeyPolicy: some,
    mfaVerified: some,
    previousIdentityExpires: wholeSeconds,
    loginIp: some,
    pinnedIp: some,
    connectionDiagnosticId: some,
    device: optional({ id: some, assetTag: some, credentialId: some }).filter(filled),
  },
  {
    requiredKeys: [
      ...(['user', 'roles', 'usage', 'logins', 'traits', 'routeToCluster', 'renewable', 'generation'] as const),
      ...(['disallowReissue', 'kubernetesUsers', 'kubernetesGroups', 'databaseNames', 'databaseUsers'] as const),
      ...(['awsRoleArns', 'azureIdentities', 'gcpServiceAccounts', 'activeRequests', 'allowedResources'] as const),
      ...(['systemRoles', 'teleportCluster'] as const),
    ],
  },
) as fc.Arbitrary<TlsIdentityFields>;

/** Roles, logins and usage are sets on the wire. */
const sorted = (identity: TlsIdentityFields): TlsIdentityFields => ({
  ...identity,
  roles: identity.roles.toSorted(),
  logins: identity.logins.toSorted(),
  usage: identity.usage.toSorted(),
});

describe('an identity in a certificate', () => {
  it(
    'comes back as it was written',
    () => {
      const notAfter = new Date(clock.now() + 3_600_000);
      fc.assert(
        fc.property(identityFields, (identity) => {
          const certificate = issueTlsCertificate(authority, { publicKey, identity, notAfter });
          const { notBefore, notAfter: end, serial, ...read } = parseTlsIdentity(certificate);
          expect(sorted(read)).toEqual(sorted(identity));
          expect([notBefore.getTime(), end]).toEqual([clock.now() - 60_000, notAfter]);
          expect(serial).toMatch(/^([0-9A-F]{2}){1,16}$/);
        }),
        { numRuns: process.env.SOAK ? 10_000 : 200 },
      );
    },
    soakTimeoutMs,
  );

  it('names the issuing cluster unless told otherwise', () => {
    const identity = { user: 'alice', roles: ['access'] };
    const issue = (more: { teleportCluster?: string }): string | undefined =>
      parseTlsIdentity(
        issueTlsCertificate(authority, {
          publicKey,
          identity: { ...identity, ...more },
          notAfter: new Date(clock.now()),
        }),
      ).teleportCluster;
    expect(issue({})).toBe('prop.example');
    expect(issue({ teleportCluster: 'leaf.example' })).toBe('leaf.example');
  });

  it('never shares a serial number', () => {
    const issue = (): string =>
      parseTlsIdentity(
        issueTlsCertificate(authority, {
          publicKey,
          identity: { user: 'a', roles: ['b'] },
          notAfter: new Date(clock.now()),
        }),
      ).serial;
    const serials = Array.from({ length: 200 }, issue);
    expect(new Set(serials).size).toBe(200);
  });
});
