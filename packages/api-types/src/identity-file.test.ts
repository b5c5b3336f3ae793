import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatCertAuthorityLine, parseCertAuthorityLine } from './cert-authority-line.ts';
import { formatIdentityFile, parseIdentityFile } from './identity-file.ts';
import { privateKeyPem } from './ssh-private-key.ts';
import { isTeleportError, TeleportError } from './teleport-error.ts';

const soakTimeoutMs = process.env.SOAK ? 600_000 : 30_000;

const file = (path: string): string =>
  readFileSync(new URL(`../testdata/teleport-18/files/${path}`, import.meta.url), 'utf8');

const recorded = file('tbot/identity/identity');
const parts = parseIdentityFile(recorded);

const failure = (text: string, name?: string): TeleportError => {
  try {
    parseIdentityFile(text, name === undefined ? {} : { name });
  } catch (error) {
    if (isTeleportError(error)) return error;
    throw error;
  }
  throw new Error('it was accepted');
};

describe('an identity file', () => {
  it.each(['tbot/identity/identity', 'auth-sign/alice.id', 'legacy-suite/auth-sign-file.id'])(
    'as Teleport wrote it (%s) is written again byte for byte',
    (path) => {
      const text = file(path);
      expect(formatIdentityFile(parseIdentityFile(text))).toBe(text);
    },
  );

  it('holds what lies beside it in files of their own', () => {
    expect(parts.privateKey).toBe(file('tbot/identity/key').trim());
    expect(parts.sshCertificate).toBe(file('tbot/identity/key-cert.pub').trim());
    expect(parts.tlsCertificate).toBe(file('tbot/identity/tlscert').trim());
    expect(parts.sshAuthorities.map(parseCertAuthorityLine).map(({ cluster }) => cluster)).toEqual([
      'leaf.example',
      'root.example',
    ]);
    expect(parts.tlsAuthorities).toHaveLength(2);
  });

  it('may be in any order, with notes, blanks and CRLF, as long as the key comes before the certificates', () => {
    const { privateKey, sshCertificate = '', tlsCertificate, sshAuthorities, tlsAuthorities } = parts;
    const shuffled = [
      '# made by hand',
      ...sshAuthorities,
      privateKey,
      '',
      tlsCertificate,
      ...tlsAuthorities,
      `  ${sshCertificate}`,
    ];
    expect(parseIdentityFile(shuffled.join('\n').replaceAll('\n', '\r\n'))).toEqual(parts);
  });

  it('may keep its SSH certificate elsewhere', () => {
    const { sshCertificate, ...rest } = parts;
    expect(sshCertificate).toBeDefined();
    expect(parseIdentityFile(formatIdentityFile(rest))).toEqual(rest);
  });

  const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const encrypted = other.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' }).toString();
  const piv = '-----BEGIN PIV YUBIKEY PRIVATE KEY-----\nAAAA\n-----END PIV YUBIKEY PRIVATE KEY-----';
  const broken = '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----';
  const withKey = (privateKey: string): string => formatIdentityFile({ ...parts, privateKey });
  const foreign = parseIdentityFile(file('auth-sign/alice.id'));

  it('whose key is on a hardware token is refused as such', () => {
    expect(failure(withKey(piv))).toMatchObject({
      code: 'not_implemented',
      message: expect.stringContaining('keeps its private key on a hardware token'),
    });
  });

  it.each([
    ['nothing', '', /holds no private key/],
    ['no TLS certificate', parts.privateKey, /holds no TLS certificate/],
    ['a key cut short', recorded.slice(0, 120), /a PEM block of type PRIVATE KEY begins but does not end/],
    ['an authority cut short', recorded.slice(0, -100), /a PEM block of type CERTIFICATE begins but does not end/],
    [
      'an END line that is missing',
      recorded.replace('-----END PRIVATE KEY-----\n', ''),
      /PRIVATE KEY begins but does not end/,
    ],
    ['an encrypted key', withKey(encrypted), /has an encrypted private key/],
    ['an unreadable key', withKey(broken), /has an unreadable private key/],
    [
      'certificates alone',
      `${parts.tlsCertificate}\n${parts.tlsCertificate}`,
      /begins with a PEM block of type CERTIFICATE/,
    ],
    ['the key of another', withKey(privateKeyPem(other)), /private key that does not belong to its TLS certificate/],
    [
      "another's SSH certificate",
      formatIdentityFile({ ...parts, sshCertificate: foreign.sshCertificate! }),
      /its SSH certificate/,
    ],
    [
      'a damaged SSH certificate',
      recorded.replace('AAAAKGVjZHNh', 'AAAAKGVjZHNi'),
      /the SSH certificate is unreadable/,
    ],
    ['a damaged certificate', recorded.replace('MIIDkDCCAzeg', 'MIIDkDCCAzeh'), /the TLS certificate is unreadable/],
    [
      'a damaged authority',
      recorded.replace('MIICAjCCAaeg', 'MIICAjCCAaeh'),
      /certificate of a TLS authority is unreadable/,
    ],
  ])('with %s is refused, saying so', (_, text, message) => {
    expect(failure(text)).toMatchObject({ code: 'bad_parameter', message: expect.stringMatching(message) });
    expect(failure(text, '/etc/bot/identity').message).toMatch(/^\/etc\/bot\/identity /);
  });

  it(
    'never does worse than be refused, and never gives its key away',
    () => {
      const secret = parts.privateKey.split('\n')[1]!;
      fc.assert(
        fc.property(
          fc.nat(recorded.length),
          fc.nat(recorded.length),
          fc.string({ maxLength: 5 }),
          (start, length, text) => {
            const damaged = recorded.slice(0, start) + text + recorded.slice(start + length);
            try {
              parseIdentityFile(damaged);
            } catch (error) {
              if (!isTeleportError(error, 'bad_parameter')) throw error;
              expect(`${error.message} ${error.hint} ${String(error.cause)}`).not.toContain(secret.slice(0, 20));
            }
          },
        ),
        { numRuns: process.env.SOAK ? 20_000 : 500 },
      );
    },
    soakTimeoutMs,
  );
});

describe('a @cert-authority line', () => {
  const publicKey = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBDPvad/CnwTQxHUYmMOkAaRUbM6UCWrnXbBLlOM/CFl';

  it('is written as it was recorded', () => {
    const line = formatCertAuthorityLine({ cluster: 'root.example', publicKey: `${publicKey} a comment` });
    expect(line).toBe(`@cert-authority root.example,*.root.example ${publicKey} type=host`);
    expect(parts.sshAuthorities).toContain(line);
    expect(formatCertAuthorityLine({ cluster: 'root.example', publicKey, proxyHost: 'localhost' })).toBe(
      `@cert-authority localhost,root.example,*.root.example ${publicKey} type=host`,
    );
  });

  it.each(['', '*', 'a,*', 'a b', '!a', '?', '|1|x', '#', `x ${publicKey}\n@cert-authority *`, 'a\u2028b'])(
    'is not written for the name %j, which would vouch for other hosts',
    (name) => {
      const write = (of: object) => () => formatCertAuthorityLine({ cluster: 'root.example', publicKey, ...of });
      const refused = (error: unknown): boolean => isTeleportError(error, 'bad_parameter');
      for (const of of [{ cluster: name }, { proxyHost: name }]) expect(write(of)).toThrow(expect.toSatisfy(refused));
    },
  );

  it('tells the cluster from the proxy', () => {
    const line = `@cert-authority localhost,root.example,*.root.example ${publicKey} type=host`;
    const hosts = ['localhost', 'root.example', '*.root.example'];
    expect(parseCertAuthorityLine(line)).toEqual({ hosts, cluster: 'root.example', publicKey });
    expect(parseCertAuthorityLine(`@cert-authority * ${publicKey}`)).toEqual({ hosts: ['*'], publicKey });
  });

  it.each(['', 'root.example ssh-ed25519 AAAA', '@cert-authority root.example', '@cert-authority a ssh-ed25519 AAAA'])(
    'is refused when it is %j',
    (line) => {
      expect(() => parseCertAuthorityLine(line)).toThrow(TeleportError);
    },
  );
});
