import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { caPin, TeleportError } from '@teleport-ts/api-types';
import { describe, expect, it } from 'vitest';
import { checkCaPins, splitPem } from './ca-pins.ts';

const NOW = Date.parse('2026-11-22T01:50:00Z');
const folder = new URL('../../testdata/teleport-18/tbot-store/', import.meta.url);
const [user, host] = (await readFile(new URL('tlscacerts', folder), 'utf8')).split('$') as [string, string];

function refusal(work: () => unknown): TeleportError {
  try {
    work();
  } catch (error) {
    if (error instanceof TeleportError) return error;
  }
  throw new Error('it was accepted');
}

describe('checkCaPins', () => {
  it('takes authorities that all match, in whatever letters the pin is written', () => {
    expect(checkCaPins(host, [caPin(host)], NOW)).toEqual(splitPem(host));
    expect(checkCaPins(host, [` ${caPin(host).toUpperCase().replace('SHA256', 'sha256')} `], NOW)).toHaveLength(1);
    expect(checkCaPins(`${host}\n${user}`, [caPin(user), caPin(host)], NOW)).toHaveLength(2);
  });

  it('refuses when one of two does not match, and names its pin', () => {
    const error = refusal(() => checkCaPins(host + user, [caPin(host)], NOW));
    expect(error).toMatchObject({ code: 'access_denied', hint: expect.stringContaining(caPin(user)) });
    expect(error.hint).toMatch(/rotates.*; the token was not used up$/);
  });

  it('refuses another cluster’s, and an empty answer', () => {
    expect(refusal(() => checkCaPins(host, [caPin(user)], NOW))).toMatchObject({
      code: 'access_denied',
      message: expect.stringContaining('no certificate authority of the cluster matches the CA pin'),
    });
    for (const bundle of ['', 'nothing here'])
      expect(refusal(() => checkCaPins(bundle, [caPin(host)], NOW)).code).toBe('access_denied');
  });

  it('refuses an authority outside its validity', () => {
    const { validFrom, validTo } = new X509Certificate(host);
    expect(refusal(() => checkCaPins(host, [caPin(host)], Date.parse(validFrom) - 1)).code).toBe('unknown');
    expect(refusal(() => checkCaPins(host, [caPin(host)], Date.parse(validTo) + 1)).code).toBe('expired');
  });
});
