import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { caPin } from './ca-pin.ts';
import { GetClusterCACertResponse } from './gen/teleport/proto/ping.ts';

const recorded = join(import.meta.dirname, '../testdata/teleport-18/wire/get-cluster-ca-cert.bin');

describe('caPin', () => {
  const pem = GetClusterCACertResponse.decode(readFileSync(recorded)).TLSCA.toString('latin1');
  // As `tctl status` of the recorded cluster printed it.
  const pin = 'sha256:d4d81fc54bc1385a21d5d763e13a242c3c24a557fb61c63af7130a7aa8c019a9';

  it('is what the cluster says', () => {
    expect(caPin(pem)).toBe(pin);
    expect(caPin(new X509Certificate(pem))).toBe(pin);
    expect(caPin(new X509Certificate(pem).raw)).toBe(pin);
  });

  it('refuses what is no certificate', () => {
    expect(() => caPin('sha256:00')).toThrow(expect.objectContaining({ code: 'bad_parameter' }));
  });
});
