import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { generateKeyPairSync, type KeyObject, X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSshPrivateKey, type SignatureSuite, sshPublicKeyLine } from '@teleport-ts/api-types';
import { afterAll, describe, expect, it } from 'vitest';
import { createAuthority } from './cert-authority.ts';
import { issueSshHostCertificate, issueSshUserCertificate } from './ssh-certificate.ts';
import { issueHostTlsCertificate, issueTlsCertificate } from './tls-certificate.ts';
import { WebAuthority } from './web-certificate.ts';

const installed = (command: string, ...args: string[]): boolean => spawnSync(command, args).error === undefined;
const has = {
  openssl: installed('openssl', 'version'),
  sshKeygen: installed('ssh-keygen', '-?'),
  curl: installed('curl', '-V'),
};
const missing = Object.entries(has).filter(([, there]) => !there);
if (missing.length > 0) console.log(`skipped: not installed here: ${missing.map(([name]) => name).join(', ')}`);

const folder = mkdtempSync(join(tmpdir(), 'pki-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let files = 0;
function put(content: string, suffix = '', mode = 0o600): string {
  const path = join(folder, `${files++}${suffix}`);
  writeFileSync(path, content, { mode });
  return path;
}

/** What a program printed; what it says on stderr stays out of the test's output, and is part of the error. */
const run = (command: string, args: readonly string[], input = ''): string =>
  execFileSync(command, args, { input, stdio: 'pipe', env: { ...process.env, TZ: 'UTC' } }).toString();

const clock = { now: () => Date.now() };
const inAnHour = (): Date => new Date(clock.now() + 3_600_000);
let rsaPair: { publicKey: KeyObject; privateKey: KeyObject } | undefined;
const keys = {
  ed25519: () => generateKeyPairSync('ed25519'),
  'P-256': () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  'P-384': () => generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  'P-521': () => generateKeyPairSync('ec', { namedCurve: 'P-521' }),
  rsa: () => {
    rsaPair ??= generateKeyPairSync('rsa', { modulusLength: 2048 });
    return rsaPair;
  },
} satisfies Record<string, () => { publicKey: KeyObject; privateKey: KeyObject }>;

const identity = {
  user: 'bot-ci',
  roles: ['deployer', 'viewer'],
  logins: ['root', '-teleport-internal-join'],
  traits: { logins: ['root'], teams: ['<a&b>', 'ünï', '世界'] },
  routeToCluster: 'root.example',
  generation: 7,
  renewable: true,
};

describe.runIf(has.openssl)('openssl accepts', () => {
  const verify = (authority: string, certificate: string, ...args: string[]): string =>
    run('openssl', ['verify', '-x509_strict', ...args, '-CAfile', put(authority), put(certificate)]);

  for (const suite of ['legacy', 'balanced-v1'] satisfies SignatureSuite[]) {
    const authority = createAuthority({ type: 'user', clusterName: 'root.example', suite, clock });

    it.each(['P-256', 'P-384', 'ed25519', 'rsa'] as const)(
      `identities with %s keys of a ${suite} authority`,
      (type) => {
        const certificate = issueTlsCertificate(authority, {
          publicKey: keys[type]().publicKey,
          identity,
          notAfter: inAnHour(),
        });
        expect(verify(authority.tls.certificate, certificate, '-purpose', 'sslclient')).toMatch(/: OK\n$/);
      },
    );

    it(`the ${suite} authorities`, () => {
      for (const type of ['host', 'db', 'db_client'] as const) {
        const { certificate } = createAuthority({ type, clusterName: 'root.example', suite, clock }).tls;
        expect(verify(certificate, certificate)).toMatch(/: OK\n$/);
        expect(new X509Certificate(certificate).ca).toBe(true);
      }
    });
  }

  it('host identities, for the names of their role', () => {
    const authority = createAuthority({ type: 'host', clusterName: 'root.example', clock });
    const certificate = issueHostTlsCertificate(authority, {
      publicKey: keys['P-256']().publicKey,
      hostId: '2f1c7c5e-6f0c-4b0e-8f33-0a3a1d8b6a01',
      role: 'Auth',
      additionalPrincipals: ['node-1', '10.0.0.1', '::1', '2001:db8::ff00:42:8329'],
      dnsNames: ['auth.example.com'],
    });
    const ca = authority.tls.certificate;
    for (const host of ['teleport.cluster.local', '726f6f74.teleport.cluster.local', 'node-1', 'auth.example.com']) {
      expect(verify(ca, certificate, '-purpose', 'sslserver', '-verify_hostname', host)).toMatch(/: OK\n$/);
    }
    for (const ip of ['10.0.0.1', '::1', '2001:db8::ff00:42:8329']) {
      expect(verify(ca, certificate, '-verify_ip', ip)).toMatch(/: OK\n$/);
    }
    expect(() => verify(ca, certificate, '-verify_hostname', 'proxy.example.com')).toThrow(/hostname mismatch/i);
  });

  it('neither another authority nor a changed certificate', () => {
    const [authority, other] = [1, 2].map(() => createAuthority({ type: 'user', clusterName: 'root.example', clock }));
    const { publicKey } = keys['P-256']();
    const certificate = issueTlsCertificate(authority!, { publicKey, identity, notAfter: inAnHour() });
    expect(() => verify(other!.tls.certificate, certificate)).toThrow(/verification failed|unable to get/i);
    const der = new X509Certificate(certificate).raw;
    der[der.indexOf('deployer')]! ^= 1;
    const forged = `-----BEGIN CERTIFICATE-----\n${der.toString('base64')}\n-----END CERTIFICATE-----\n`;
    expect(() => verify(authority!.tls.certificate, forged)).toThrow(/signature failure/i);
  });
});

describe.runIf(has.sshKeygen)('ssh-keygen accepts', () => {
  const describeLine = (line: string): string => run('ssh-keygen', ['-L', '-f', put(`${line}\n`, '-cert.pub')]);

  for (const suite of ['legacy', 'balanced-v1', 'fips-v1'] satisfies SignatureSuite[]) {
    const authority = createAuthority({ type: 'user', clusterName: 'root.example', suite, clock });
    const algorithm = { legacy: 'rsa-sha2-256', 'balanced-v1': 'ssh-ed25519', 'fips-v1': 'ecdsa-sha2-nistp256' }[suite];

    it.each(Object.keys(keys) as (keyof typeof keys)[])(
      `user certificates for %s keys, signed by ${algorithm}`,
      (type) => {
        const { publicKey } = keys[type]();
        const line = issueSshUserCertificate(authority, {
          publicKey: sshPublicKeyLine(publicKey),
          identity: { ...identity, pinnedIp: '10.1.2.3' },
          validBefore: inAnHour(),
        });
        const text = describeLine(line);
        expect(text).toContain('user certificate');
        expect(text).toContain(`(using ${algorithm})`);
        expect(text).toContain('Key ID: "bot-ci"');
        expect(text).toMatch(/source-address 10\.1\.2\.3\/32/);
        expect(text).toMatch(/Principals: \n\s+root\n\s+-teleport-internal-join\n/);
      },
    );
  }

  it('host certificates with all names of the host', () => {
    const authority = createAuthority({ type: 'host', clusterName: 'root.example', clock });
    const { publicKey } = keys.ed25519();
    const line = issueSshHostCertificate(authority, {
      publicKey,
      role: 'Node',
      hostId: 'h',
      nodeName: 'n',
      principals: ['x', 'n'],
    });
    const principals = /Principals: \n([\s\S]*?)Critical/.exec(describeLine(line))?.[1]?.trim().split(/\s+/);
    expect(principals).toEqual(['h.root.example', 'h', 'n.root.example', 'n', 'localhost', '127.0.0.1', '::1', 'x']);
  });

  it.each(Object.keys(keys) as (keyof typeof keys)[])('private %s keys in the OpenSSH format', (type) => {
    const { privateKey, publicKey } = keys[type]();
    const path = put(openSshPrivateKey(privateKey, { comment: 'made here' }));
    const line = run('ssh-keygen', ['-y', '-f', path]).trim();
    expect(line).toBe(sshPublicKeyLine(publicKey, 'made here'));
  });

  it('signatures that a key of such a file makes for a certificate', () => {
    const authority = createAuthority({ type: 'user', clusterName: 'root.example', clock });
    const { privateKey, publicKey } = keys.ed25519();
    const key = put(openSshPrivateKey(privateKey));
    const line = issueSshUserCertificate(authority, { publicKey, identity, validBefore: inAnHour() });
    writeFileSync(`${key}-cert.pub`, `${line}\n`);
    const allowed = put(`root cert-authority ${authority.ssh.publicKey}\n`);
    const signature = run('ssh-keygen', ['-Y', 'sign', '-n', 'test', '-f', `${key}-cert.pub`], 'message');
    const args = ['-Y', 'verify', '-n', 'test', '-I', 'root', '-f', allowed, '-s', put(signature)];
    expect(run('ssh-keygen', args, 'message')).toMatch(/Good "test" signature/);
  });
});

describe.runIf(has.curl)('curl accepts', () => {
  it.each(['localhost', '127.0.0.1'])('the web certificate under %s', async (host) => {
    const web = new WebAuthority({ clock });
    const server = createServer(web.issue(), (_, response) => response.end('hello'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const url = `https://${host}:${(server.address() as AddressInfo).port}/`;
      const args = [
        '-sS',
        '--noproxy',
        '*',
        '--resolve',
        `localhost:${new URL(url).port}:127.0.0.1`,
        '--cacert',
        put(web.certificate),
        url,
      ];
      const body = await new Promise<string>((resolve, reject) => {
        execFile('curl', args, (error, stdout) => (error ? reject(error) : resolve(stdout)));
      });
      expect(body).toBe('hello');
    } finally {
      server.close();
    }
  });
});
