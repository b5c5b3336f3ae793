import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { isCurvePoint } from './ec-point.ts';

describe.each([
  ['nistp256', 'P-256', 32],
  ['nistp384', 'P-384', 48],
  ['nistp521', 'P-521', 66],
])('%s', (curve, namedCurve, bytes) => {
  const points = Array.from({ length: 20 }, () => {
    const { x, y } = generateKeyPairSync('ec', { namedCurve }).publicKey.export({ format: 'jwk' });
    return Buffer.concat([Buffer.of(4), Buffer.from(x!, 'base64url'), Buffer.from(y!, 'base64url')]);
  });

  it('has the points of keys on it', () => {
    for (const point of points) expect(isCurvePoint(curve, point)).toBe(true);
  });

  it('has no point that OpenSSL refuses', () => {
    const [point] = points as [Buffer];
    for (let bit = 0; bit < 16; bit++) {
      const other = Buffer.from(point);
      other[1 + Math.floor((bit * 2 * bytes) / 16)]! ^= 1 << (bit % 8);
      const coordinate = (from: number): string => other.toString('base64url', from, from + bytes);
      const jwk = { kty: 'EC', crv: namedCurve, x: coordinate(1), y: coordinate(1 + bytes) };
      let byOpenSsl = true;
      try {
        createPublicKey({ key: jwk, format: 'jwk' });
      } catch {
        byOpenSsl = false;
      }
      expect(isCurvePoint(curve, other)).toBe(byOpenSsl);
    }
  });

  it('has nothing that is too short, too long, compressed, or beyond its field', () => {
    const [point] = points as [Buffer];
    expect(isCurvePoint(curve, point.subarray(0, -1))).toBe(false);
    expect(isCurvePoint(curve, Buffer.concat([point, Buffer.of(0)]))).toBe(false);
    expect(isCurvePoint(curve, Buffer.concat([Buffer.of(2), point.subarray(1, 1 + bytes)]))).toBe(false);
    expect(isCurvePoint(curve, Buffer.concat([Buffer.of(4), Buffer.alloc(2 * bytes, 0xff)]))).toBe(false);
    expect(isCurvePoint(curve, Buffer.alloc(0))).toBe(false);
  });
});

it('other curves have no points here', () => {
  expect(isCurvePoint('secp256k1', Buffer.alloc(65, 4))).toBe(false);
});
