/** A prime curve y² = x³ - 3x + b (FIPS 186-5), its coordinates `bytes` long. */
interface Curve {
  readonly bytes: number;
  readonly p: bigint;
  readonly b: bigint;
}

/** The curves by their names in SSH (RFC 5656). */
const curves: Readonly<Record<string, Curve>> = {
  nistp256: {
    bytes: 32,
    p: 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n,
    b: 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn,
  },
  nistp384: {
    bytes: 48,
    p: 2n ** 384n - 2n ** 128n - 2n ** 96n + 2n ** 32n - 1n,
    b: 0xb3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aefn,
  },
  nistp521: {
    bytes: 66,
    p: 2n ** 521n - 1n,
    b: 0x51953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b489918ef109e156193951ec7e937b1652c0bd3bb1bf073573df883d2c34f1ef451fd46b503f00n,
  },
};

/**
 * Whether bytes are an uncompressed point (0x04, x, y) of a curve. All three curves have prime order, so that any point on
 * them is a valid public key. This takes a few microseconds where handing the key to OpenSSL takes a hundred.
 */
export function isCurvePoint(curve: string, point: Buffer): boolean {
  const { bytes, p, b } = curves[curve] ?? {};
  if (bytes === undefined || p === undefined || b === undefined) return false;
  if (point.length !== 1 + 2 * bytes || point[0] !== 4) return false;
  const x = BigInt(`0x${point.toString('hex', 1, 1 + bytes)}`);
  const y = BigInt(`0x${point.toString('hex', 1 + bytes)}`);
  return x < p && y < p && (y * y - x * x * x + 3n * x - b) % p === 0n;
}
