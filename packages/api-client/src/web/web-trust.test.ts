import { rootCertificates } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { webTrust } from './web-trust.ts';

const ca = (index: number): string => rootCertificates[index]!;

describe('trust in a web certificate', () => {
  it('is Node’s own where no CA is named', () => {
    expect(webTrust(undefined)).toBeUndefined();
    expect(webTrust([])).toBeUndefined();
  });

  it('is made once for a set of CAs', () => {
    expect(webTrust([ca(0)])).toBe(webTrust([ca(0)]));
    expect(webTrust([ca(0)])).not.toBe(webTrust([ca(1)]));
    expect(webTrust([ca(0)])).not.toBe(webTrust([ca(0), ca(1)]));
  });

  it('is kept for a few sets, those used last', () => {
    const first = webTrust([ca(0)]);
    const second = webTrust([ca(1)]);
    for (let index = 2; index < 8; index += 1) webTrust([ca(index)]);
    expect(webTrust([ca(0)])).toBe(first);
    webTrust([ca(8)]);
    expect(webTrust([ca(0)])).toBe(first);
    expect(webTrust([ca(1)])).not.toBe(second);
  });

  it('refuses a text without a certificate', () => {
    expect(() => webTrust([ca(0), 'no certificate'])).toThrow('the web CA holds no CA certificate');
  });
});
