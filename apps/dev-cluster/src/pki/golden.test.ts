import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import {
  type CertificateExtension,
  parseSshCertificate,
  parseSshPublicKey,
  readX509,
  type SignatureSuite,
  type SshCertificate,
  sshPublicKeyObject,
  verifySshCertificate,
} from '@teleport-ts/api-types';
import { describe, expect, it } from 'vitest';
import { type CertAuthority, createAuthority } from './cert-authority.ts';
import { issueSshHostCertificate, issueSshUserCertificate } from './ssh-certificate.ts';
import { issueTlsCertificate } from './tls-certificate.ts';
import type { TlsIdentityInput } from './tls-subject.ts';
import { keyIdentifier } from './x509-extensions.ts';

const testdata = new URL('../../testdata/teleport-18/', import.meta.url);
const file = (path: string): string => readFileSync(new URL(path, testdata), 'utf8');

interface RecordedCertificates {
  readonly tls: string;
  readonly ssh?: string;
}

function recordedAnswer(name: string): RecordedCertificates {
  const answer = JSON.parse(file(`wire/${name}.json`)) as { TLS: string; SSH?: string };
  const decode = (base64: string): string => Buffer.from(base64, 'base64').toString();
  return { tls: decode(answer.TLS), ...(answer.SSH ? { ssh: decode(answer.SSH) } : {}) };
}

// Who the recorded certificates were issued to, as the cluster's resources and the requests say it.
const joined = { joinAttributes: { meta: { join_method: 'token' } }, userType: 'local', privateKeyPolicy: 'none' };
const botRouter: TlsIdentityInput = {
  ...joined,
  user: 'bot-router',
  roles: ['bot-router'],
  traits: { logins: ['bot'] },
  routeToCluster: 'root.example',
  renewable: true,
  botName: 'router',
  botInstanceId: '5362450d-9160-412c-b6d0-4afe28d0529e',
  loginIp: '127.0.0.1',
};
const deployer: TlsIdentityInput = {
  ...joined,
  user: 'bot-ci',
  roles: ['deployer'],
  logins: ['root', 'ci', '-teleport-internal-join'],
  routeToCluster: 'root.example',
  kubernetesGroups: ['system:masters'],
  databaseNames: ['*'],
  databaseUsers: ['*'],
  impersonator: 'bot-ci',
  disallowReissue: true,
  botName: 'ci',
  botInstanceId: '413dc6b6-5071-4b95-a6ce-259326f9607d',
  loginIp: '127.0.0.1',
};
const { joinAttributes, botName, botInstanceId, loginIp, disallowReissue, ...person } = deployer;
const noValues = (...names: string[]): Record<string, string[]> => Object.fromEntries(names.map((name) => [name, []]));

const identities: Record<string, TlsIdentityInput> = {
  'register-using-token': {
    ...botRouter,
    generation: 1,
    logins: ['-teleport-nologin-9340b9fc-a863-43c5-8ae2-3ceb372a42a5', '-teleport-internal-join'],
  },
  'generate-user-certs-renewal': {
    ...botRouter,
    generation: 2,
    logins: ['-teleport-nologin-54860f4c-9c5f-4541-81e5-590027cfb5d7', '-teleport-internal-join'],
  },
  'generate-user-certs-identity': deployer,
  'generate-user-certs-app': {
    ...deployer,
    app: {
      name: 'foo',
      sessionId: '9560347b917c8b203eb807246c5c61177b8b5f0494c39d62863f0f9daaf73a2c',
      publicAddr: 'foo.localhost',
      clusterName: 'root.example',
    },
  },
  'generate-user-certs-database': {
    ...deployer,
    database: { service: 'pg', protocol: 'postgres', user: 'reader', name: 'main', roles: [] },
  },
  'generate-user-certs-kubernetes': { ...deployer, kubernetesCluster: 'k1' },
  'generate-user-certs-leaf': { ...deployer, routeToCluster: 'leaf.example' },
  'generate-user-certs-tls-only': { ...deployer, roles: ['viewer', 'deployer'], disallowReissue: false },
  'generate-user-certs-human': {
    ...person,
    user: 'alice',
    roles: ['deployer', 'requester', 'leafaccess'],
    impersonator: '6cfeb9df-0868-4194-96aa-c31246665637.root.example',
    traits: {
      ...noValues('windows_logins', 'kubernetes_users', 'kubernetes_groups', 'gcp_service_accounts', 'db_users'),
      ...noValues('db_roles', 'db_names', 'azure_identities', 'aws_role_arns'),
      logins: ['root', 'alice'],
      host_user_gid: [''],
      host_user_uid: [''],
    },
  },
};

function authorityAt(
  recorded: Date,
  type: 'user' | 'host' | 'db',
  suite: SignatureSuite = 'balanced-v1',
): CertAuthority {
  // Recorded certificates begin one minute before the moment at which they were issued.
  const clock = { now: () => recorded.getTime() + 60_000 };
  return createAuthority({ type, clusterName: 'root.example', suite, clock });
}

const keyIdentifiers = new Set(['2.5.29.14', '2.5.29.35']);

/** All that a certificate says apart from serial number, keys, their names, and signature. */
function structure(certificate: string): Record<string, unknown> {
  const { subjectDer, issuer, notBefore, notAfter, signatureAlgorithm, extensions } = readX509(certificate);
  return {
    subject: subjectDer.toString('hex'),
    issuer: issuer.map((names) => names.map(({ oid, value }) => [oid, oid === '2.5.4.5' ? '' : value])),
    notBefore,
    notAfter,
    signatureAlgorithm,
    extensions: extensions.map(({ oid, critical, value }) => [oid, critical, keyIdentifiers.has(oid) ? '' : value]),
  };
}

/** The bytes of an SSH certificate between its nonce and the authority's key. */
function sshBody(certificate: SshCertificate): string {
  const nonce = 4 + `${certificate.publicKey.type}-cert-v01@openssh.com`.length + 4 + 32;
  return certificate.signedBytes.subarray(nonce, -4 - certificate.signingKey.blob.length).toString('hex');
}

describe('certificates of a recorded cluster, issued again', () => {
  for (const [name, identity] of Object.entries(identities)) {
    const recorded = recordedAnswer(name);

    it(`${name}: the same TLS certificate`, () => {
      const original = readX509(recorded.tls);
      const issued = issueTlsCertificate(authorityAt(original.notBefore, 'user'), {
        publicKey: generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey,
        identity,
        notAfter: original.notAfter,
      });
      expect(structure(issued)).toEqual(structure(recorded.tls));
    });

    if (recorded.ssh === undefined) continue;
    const recordedSsh = recorded.ssh;
    it(`${name}: the same SSH certificate`, () => {
      const original = parseSshCertificate(recordedSsh);
      const authority = authorityAt(original.validAfter, 'user');
      const line = issueSshUserCertificate(authority, {
        publicKey: sshPublicKeyObject(original.publicKey),
        identity,
        validBefore: original.validBefore!,
        permissions: { portForwarding: true },
      });
      const issued = parseSshCertificate(line);
      expect(sshBody(issued)).toBe(sshBody(original));
      expect(issued.signatureAlgorithm).toBe(original.signatureAlgorithm);
      expect(issued.signingKey.type).toBe(original.signingKey.type);
      expect(verifySshCertificate(issued, parseSshPublicKey(authority.ssh.publicKey))).toBe(true);
    });
  }

  const rsaKey = (): KeyObject => generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey;

  it('an RSA key in a certificate of a P-256 authority', () => {
    const recorded = file('files/tbot/database/tlscert');
    const original = readX509(recorded);
    const issued = issueTlsCertificate(authorityAt(original.notBefore, 'user'), {
      publicKey: rsaKey(),
      identity: identities['generate-user-certs-database']!,
      notAfter: original.notAfter,
    });
    expect(structure(issued)).toEqual(structure(recorded));
  });

  it('a host certificate for named principals', () => {
    const answer = JSON.parse(file('wire/generate-host-cert.json')) as { ssh_certificate: string };
    const original = parseSshCertificate(Buffer.from(answer.ssh_certificate, 'base64').toString());
    const issued = issueSshHostCertificate(authorityAt(original.validAfter, 'host'), {
      publicKey: sshPublicKeyObject(original.publicKey),
      role: 'Node',
      principals: ['h1.example.com'],
      validBefore: new Date(original.validAfter.getTime() + 61 * 60_000),
    });
    expect(sshBody(parseSshCertificate(issued))).toBe(sshBody(original));
  });

  it('a host certificate that never expires', () => {
    const original = parseSshCertificate(file('files/auth-sign/host-h1-cert.pub'));
    const issued = issueSshHostCertificate(authorityAt(original.validAfter, 'host'), {
      publicKey: sshPublicKeyObject(original.publicKey),
      role: 'Node',
      principals: ['h1.example.com'],
    });
    expect(original.validBefore).toBeUndefined();
    expect(sshBody(parseSshCertificate(issued))).toBe(sshBody(original));
  });

  it('an RSA key of the legacy suite, certified for SSH', () => {
    const original = parseSshCertificate(file('files/legacy-suite/tbot/identity/key-cert.pub'));
    const issued = issueSshUserCertificate(authorityAt(original.validAfter, 'user'), {
      publicKey: sshPublicKeyObject(original.publicKey),
      identity: {
        ...deployer,
        user: 'bot-legacy',
        roles: ['deployer', 'hostcerts'],
        impersonator: 'bot-legacy',
        botName: 'legacy',
        botInstanceId: 'e2222e8b-1c7b-4318-963a-d1e433c69d15',
      },
      validBefore: original.validBefore!,
      permissions: { portForwarding: true },
    });
    expect(sshBody(parseSshCertificate(issued))).toBe(sshBody(original));
  });
});

describe('authorities of a recorded cluster, made again', () => {
  const decoded = (extensions: readonly CertificateExtension[]): unknown =>
    extensions.map(({ oid, critical, value }) => [oid, critical, keyIdentifiers.has(oid) ? value.length : value]);

  for (const [type, path] of [
    ['user', 'files/tbot/identity/teleport-user-ca.crt'],
    ['host', 'files/tbot/identity/teleport-host-ca.crt'],
    ['db', 'files/tbot/identity/teleport-database-ca.crt'],
  ] as const) {
    it(`${type}: the same certificate`, () => {
      const certificates = file(path).match(/-----BEGIN[\s\S]*?-----END CERTIFICATE-----/g)!;
      const recorded = certificates.find((pem) => readX509(pem).issuer.flat()[0]?.value === 'root.example')!;
      const original = readX509(recorded);
      const clock = { now: () => original.notBefore.getTime() };
      const made = readX509(createAuthority({ type, clusterName: 'root.example', clock }).tls.certificate);
      const names = (name: typeof made.subject): unknown =>
        name.map((set) => set.map(({ oid, value }) => [oid, oid === '2.5.4.5' ? '' : value]));
      expect(names(made.subject)).toEqual(names(original.subject));
      expect(decoded(made.extensions)).toEqual(decoded(original.extensions));
      expect([made.notBefore, made.notAfter]).toEqual([original.notBefore, original.notAfter]);
      expect(made.signatureAlgorithm).toBe(original.signatureAlgorithm);
      const identifier = original.extensions.find(({ oid }) => oid === '2.5.29.14')?.value.subarray(2);
      expect(keyIdentifier(original.publicKeyDer)).toEqual(identifier);
      expect(made.subject.flat().at(-1)?.value).toBe(BigInt(`0x${made.serial}`).toString());
    });
  }
});
