import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { TeleportError } from './teleport-error.ts';
import {
  checkServerVersion,
  compareVersions,
  parseVersion,
  type ServerVersionCheck,
  TELEPORT_API_VERSION,
  TELEPORT_MAJOR,
} from './version.ts';

function refusal(check: ServerVersionCheck): TeleportError {
  try {
    checkServerVersion(check);
  } catch (error) {
    return error as TeleportError;
  }
  throw new Error(`${check.serverVersion} was accepted`);
}

describe('the constants', () => {
  it('agree with each other and with the package', () => {
    expect(parseVersion(TELEPORT_API_VERSION)?.major).toBe(TELEPORT_MAJOR);
    const manifest = JSON.parse(readFileSync(join(import.meta.dirname, '../package.json'), 'utf8'));
    expect(parseVersion(manifest.version)).toMatchObject({ major: 1, minor: TELEPORT_MAJOR });
  });
});

describe('parseVersion', () => {
  it('takes a version apart', () => {
    expect(parseVersion('18.0.0')).toEqual({ major: 18, minor: 0, patch: 0, prerelease: '' });
    expect(parseVersion('19.1.2-dev.3+abc')).toEqual({ major: 19, minor: 1, patch: 2, prerelease: 'dev.3' });
  });

  it.each(['', '18', '18.0', 'v18.0.0', '18.0.0.0', '018.0.0', 'junk', '18.0.0\n'])('knows that %j is none', (text) => {
    expect(parseVersion(text)).toBeUndefined();
  });
});

describe('compareVersions', () => {
  it('sorts as semver does', () => {
    const sorted = [
      '17.0.0-1',
      '17.0.0-2',
      '17.0.0-10',
      '17.0.0-a',
      '17.0.0-a.1',
      '17.0.0-aa',
      '17.0.0',
      '17.0.1',
      '17.1.0',
      '18.0.0',
    ];
    const versions = [...sorted].reverse().map((text) => ({ text, version: parseVersion(text)! }));
    versions.sort((a, b) => compareVersions(a.version, b.version));
    expect(versions.map(({ text }) => text)).toEqual(sorted);
    expect(compareVersions(parseVersion('1.0.0+a')!, parseVersion('1.0.0+b')!)).toBe(0);
  });
});

describe('checkServerVersion', () => {
  it.each(['18.0.0', '18.7.3', '18.0.0-dev', '19.0.0', '19.4.0-alpha.1'])('accepts a server %s', (serverVersion) => {
    expect(() => checkServerVersion({ serverVersion, minClientVersion: '17.0.0-aa' })).not.toThrow();
  });

  it('names both versions and what to install when the server is too new', () => {
    expect(refusal({ serverVersion: '20.1.0', packageName: '@teleport-ts/tbot-cli' })).toMatchObject({
      code: 'version_mismatch',
      retryable: false,
      message: 'the server is Teleport 20.1.0; this client is for Teleport 18 (API 18.0.0)',
      hint: 'install @teleport-ts/tbot-cli@~1.20.0',
    });
  });

  it('names both versions and what to upgrade when the server is too old', () => {
    expect(refusal({ serverVersion: '17.7.1' })).toMatchObject({
      code: 'version_mismatch',
      message: 'the server is Teleport 17.7.1; this client is for Teleport 18 (API 18.0.0)',
      hint: 'upgrade the cluster to Teleport 18 or 19',
    });
  });

  it('heeds the oldest client that the server admits', () => {
    expect(refusal({ serverVersion: '19.3.0', minClientVersion: '18.2.0' })).toMatchObject({
      code: 'version_mismatch',
      message:
        'the server, Teleport 19.3.0, refuses clients older than 18.2.0; this client is for Teleport 18 (API 18.0.0)',
      hint: 'install @teleport-ts/api-client@~1.19.0',
    });
  });

  it('refuses a version that is none', () => {
    expect(refusal({ serverVersion: 'v18' })).toMatchObject({ code: 'version_mismatch' });
    expect(refusal({ serverVersion: 'v18' }).message).toContain('"v18"');
  });
});
