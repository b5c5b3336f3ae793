import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isTeleportError, type TeleportError } from './teleport-error.ts';
import { TELEPORT_OID } from './teleport-oid.ts';
import { identityFromSubject, parseTlsIdentity } from './tls-identity.ts';
import { certificateDer, type DistinguishedName, readX509 } from './x509-certificate.ts';

const soakTimeoutMs = process.env.SOAK ? 600_000 : 30_000;

const file = (path: string): string =>
  readFileSync(new URL(`../testdata/teleport-18/files/${path}`, import.meta.url), 'utf8');

const nothing = {
  usage: [],
  traits: {},
  kubernetesUsers: [],
  kubernetesGroups: [],
  databaseNames: [],
  databaseUsers: [],
  awsRoleArns: [],
  azureIdentities: [],
  gcpServiceAccounts: [],
  renewable: false,
  generation: 0,
  disallowReissue: false,
  activeRequests: [],
  allowedResources: [],
  systemRoles: [],
};

const ofBot = {
  routeToCluster: 'root.example',
  teleportCluster: 'root.example',
  botName: 'ci',
  botInstanceId: '413dc6b6-5071-4b95-a6ce-259326f9607d',
  joinAttributes: { meta: { join_method: 'token' } },
  userType: 'local',
  privateKeyPolicy: 'none',
  loginIp: '127.0.0.1',
  notBefore: new Date('2026-11-22T01:28:10Z'),
  notAfter: new Date('2026-11-22T02:29:10Z'),
};

const impersonated = {
  ...nothing,
  ...ofBot,
  user: 'bot-ci',
  roles: ['deployer'],
  logins: ['ci', 'root', '-teleport-internal-join'],
  kubernetesGroups: ['system:masters'],
  databaseNames: ['*'],
  databaseUsers: ['*'],
  impersonator: 'bot-ci',
  disallowReissue: true,
};

const app = {
  name: 'foo',
  sessionId: '57923389a0fd326af9d7c94d3fc3aaec122e2d42fe313ba8d057601b18eba750',
  publicAddr: 'foo.localhost',
  clusterName: 'root.example',
};
const database = { service: 'pg', protocol: 'postgres', user: 'reader', name: 'main', roles: [] };

describe('the identity in a recorded certificate', () => {
  it("is the bot's own", () => {
    expect(parseTlsIdentity(file('tbot-store/tlscert'))).toEqual({
      ...nothing,
      ...ofBot,
      user: 'bot-ci',
      roles: ['bot-ci'],
      logins: ['-teleport-internal-join', '-teleport-nologin-a2566b26-3153-46c6-84ff-86b87870c58f'],
      renewable: true,
      generation: 1,
      serial: '6A1147C9E98F866AC92E9434859C1AFD',
    });
  });

  it('is one for an application', () => {
    const serial = '7797B9E866E660BA476941E92D0E3226';
    expect(parseTlsIdentity(file('tbot/application/tlscert'))).toEqual({ ...impersonated, app, serial });
  });

  it('is one for a database', () => {
    const serial = 'B56BA5E88E3CCE9BEE49CA94F831A696';
    expect(parseTlsIdentity(file('tbot/database/tlscert'))).toEqual({ ...impersonated, database, serial });
  });

  it('is one for a Kubernetes cluster', () => {
    const identity = parseTlsIdentity(file('tbot/kubernetes/tlscert'));
    expect(identity).toEqual({ ...impersonated, kubernetesCluster: 'k1', serial: identity.serial });
  });

  it("is a person's, with traits", () => {
    const identity = parseTlsIdentity(file('auth-sign/alice-tls.crt'));
    expect(identity).toMatchObject({
      user: 'alice',
      roles: ['deployer', 'requester', 'leafaccess'],
      impersonator: '6cfeb9df-0868-4194-96aa-c31246665637.root.example',
    });
    expect(identity.traits).toMatchObject({ logins: ['root', 'alice'], db_users: [], host_user_gid: [''] });
    expect(identity.botName).toBeUndefined();
  });

  it('is read from PEM, DER and key objects alike', () => {
    const pem = file('tbot/application/tlscert');
    const certificate = new X509Certificate(pem);
    const expected = parseTlsIdentity(pem);
    for (const form of [
      certificate,
      certificate.raw,
      new Uint8Array(certificate.raw),
      Buffer.from(pem),
      `\n# a note\n${pem}`,
    ]) {
      expect(parseTlsIdentity(form)).toEqual(expected);
    }
  });

  it.each([
    ['one that names no role', file('auth-sign/db-server.crt'), /"pg\.example\.com" names no role/],
    ['text', 'hello', /no PEM block of type CERTIFICATE/],
    ['half a block', file('tbot-store/tlscert').slice(0, 400), /begins but does not end/],
    [
      'a block that holds something else',
      '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----',
      /malformed certificate/,
    ],
    ['nothing', new Uint8Array(), /no PEM block/],
  ])('is not there in %s', (_, input, message) => {
    expect(() => parseTlsIdentity(input)).toThrow(message);
    expect(() => parseTlsIdentity(input)).toThrow(expect.objectContaining({ code: 'bad_parameter' }) as TeleportError);
  });
});

describe('readX509', () => {
  it('agrees with node:crypto', () => {
    for (const path of [
      'tbot-store/tlscert',
      'auth-sign/alice-tls.crt',
      'tbot/identity/teleport-user-ca.crt',
      'auth-sign/db-server.crt',
    ]) {
      const mine = readX509(file(path));
      const theirs = new X509Certificate(file(path));
      expect(mine.serial).toBe(theirs.serialNumber);
      expect(mine.notBefore).toEqual(new Date(theirs.validFrom));
      expect(mine.notAfter).toEqual(new Date(theirs.validTo));
      expect(mine.publicKeyDer).toEqual(theirs.publicKey.export({ type: 'spki', format: 'der' }));
    }
  });

  it('keeps how the names of a subject are grouped', () => {
    const { subject } = readX509(file('tbot/identity/tlscert'));
    expect(subject.map((set) => set.length).slice(0, 5)).toEqual([3, 1, 1, 4, 1]);
    expect(subject[3]?.map(({ value }) => value)).toEqual(['viewer', 'deployer', 'hostcerts', 'routerbot']);
  });

  it(
    'never does worse than refuse a damaged certificate',
    () => {
      const der = certificateDer(file('tbot/application/tlscert'));
      const change = fc.record({ at: fc.nat(der.length - 1), byte: fc.nat(255) });
      fc.assert(
        fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), fc.nat(der.length), (changes, cut) => {
          const damaged = Buffer.from(der);
          for (const { at, byte } of changes) damaged[at] = byte;
          for (const bytes of [damaged, damaged.subarray(0, cut), damaged.subarray(cut)]) refuseOrRead(bytes);
        }),
        { numRuns: process.env.SOAK ? 100_000 : 2_000 },
      );
    },
    soakTimeoutMs,
  );

  it('never does worse than refuse garbage', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => refuseOrRead(Buffer.from([0x30, ...bytes]))));
    fc.assert(
      fc.property(fc.string(), (text) => refuseOrRead(`-----BEGIN CERTIFICATE-----${text}-----END CERTIFICATE-----`)),
    );
  });
});

function refuseOrRead(input: string | Uint8Array): void {
  try {
    parseTlsIdentity(input);
  } catch (error) {
    if (!isTeleportError(error, 'bad_parameter')) throw error;
  }
}

describe('a subject', () => {
  const named = (attributes: Record<string, string>): DistinguishedName => [
    [{ oid: TELEPORT_OID.user, value: 'alice' }],
    [{ oid: TELEPORT_OID.roles, value: 'access' }],
    ...Object.entries(attributes).map(([oid, value]) => [{ oid, value }]),
  ];

  it('may repeat an attribute or give it several values', () => {
    const identity = identityFromSubject([
      [{ oid: '2.5.4.3', value: 'alice' }],
      [
        { oid: '2.5.4.10', value: 'a' },
        { oid: '2.5.4.10', value: 'b' },
      ],
      [{ oid: '2.5.4.10', value: 'c' }],
      [{ oid: '1.3.9999.2.8', value: 'request-1' }],
      [{ oid: '1.3.9999.2.8', value: 'request-2' }],
    ]);
    expect(identity.roles).toEqual(['a', 'b', 'c']);
    expect(identity.activeRequests).toEqual(['request-1', 'request-2']);
  });

  it('may hold values that are no text, which say nothing', () => {
    expect(identityFromSubject([...named({}), [{ oid: TELEPORT_OID.botName }]])).not.toHaveProperty('botName');
  });

  it('reads every attribute of its own', () => {
    const text = {
      '1.3.9999.1.8': 'mfaVerified',
      '1.3.9999.1.9': 'loginIp',
      '1.3.9999.1.15': 'privateKeyPolicy',
      '1.3.9999.1.20': 'userType',
      '1.3.9999.2.7': 'impersonator',
      '1.3.9999.2.13': 'connectionDiagnosticId',
      '1.3.9999.2.15': 'pinnedIp',
      '1.3.9999.2.18': 'botName',
      '1.3.9999.2.20': 'botInstanceId',
      '1.3.9999.1.7': 'teleportCluster',
      '1.3.9999.1.3': 'kubernetesCluster',
    };
    const lists = {
      '2.5.4.11': 'usage',
      '2.5.4.7': 'logins',
      '1.3.9999.1.1': 'kubernetesUsers',
      '1.3.9999.1.2': 'kubernetesGroups',
      '1.3.9999.1.12': 'awsRoleArns',
      '1.3.9999.1.17': 'azureIdentities',
      '1.3.9999.1.19': 'gcpServiceAccounts',
      '1.3.9999.2.5': 'databaseNames',
      '1.3.9999.2.6': 'databaseUsers',
      '1.3.9999.2.8': 'activeRequests',
      '1.3.9999.2.11': 'systemRoles',
    };
    const routes = {
      '1.3.9999.1.4': 'app.sessionId',
      '1.3.9999.1.5': 'app.clusterName',
      '1.3.9999.1.6': 'app.publicAddr',
      '1.3.9999.1.10': 'app.name',
      '1.3.9999.1.11': 'app.awsRoleArn',
      '1.3.9999.1.16': 'app.azureIdentity',
      '1.3.9999.1.18': 'app.gcpServiceAccount',
      '1.3.9999.1.22': 'app.awsCredentialProcess',
      '1.3.9999.2.1': 'database.service',
      '1.3.9999.2.2': 'database.protocol',
      '1.3.9999.2.3': 'database.user',
      '1.3.9999.2.4': 'database.name',
      '1.3.9999.3.1': 'device.id',
      '1.3.9999.3.2': 'device.assetTag',
      '1.3.9999.3.3': 'device.credentialId',
    };
    for (const [oid, path] of Object.entries({ ...text, ...routes })) {
      expect(identityFromSubject(named({ [oid]: 'value' })), oid).toHaveProperty(path, 'value');
    }
    for (const [oid, path] of Object.entries(lists)) {
      expect(identityFromSubject(named({ [oid]: 'value' })), oid).toHaveProperty(path, ['value']);
    }
    const special = {
      '1.3.9999.1.13': 'true',
      '1.3.9999.1.14': '12',
      '1.3.9999.1.21': '8080',
      '1.3.9999.2.9': 'true',
      '1.3.9999.2.10': '["/root/node/a"]',
      '1.3.9999.2.12': '2026-01-02T03:04:05+02:00',
      '1.3.9999.2.19': 'reader',
      '1.3.9999.2.21': '{"meta":{}}',
      '2.5.4.9': 'leaf',
      '2.5.4.17': '{"a":["b"],"c":null}',
    };
    expect(identityFromSubject(named(special))).toMatchObject({
      renewable: true,
      generation: 12,
      app: { targetPort: 8080 },
      disallowReissue: true,
      allowedResources: ['/root/node/a'],
      previousIdentityExpires: new Date('2026-01-02T01:04:05Z'),
      database: { roles: ['reader'] },
      joinAttributes: { meta: {} },
      routeToCluster: 'leaf',
      traits: { a: ['b'], c: [] },
    });
  });

  it.each([
    ['1.3.9999.1.14', '-1', 'generation'],
    ['1.3.9999.1.14', '99999999999999999999', 'generation'],
    ['1.3.9999.1.21', '65536', 'target port'],
    ['1.3.9999.2.10', '{}', 'allowed resources'],
    ['1.3.9999.2.12', 'tomorrow', 'previous identity expiry'],
    ['1.3.9999.2.21', '[]', 'join attributes'],
    ['2.5.4.17', '{"a":"b"}', 'traits'],
  ])('is refused when %s is %j', (oid, value, what) => {
    expect(() => identityFromSubject(named({ [oid]: value }))).toThrow(what);
  });
});
