import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeClusterName, encodeClusterName } from './cluster-name.ts';

describe('encodeClusterName', () => {
  it('is lower-case hex below teleport.cluster.local', () => {
    expect(encodeClusterName('root.example')).toBe('726f6f742e6578616d706c65.teleport.cluster.local');
  });

  it('comes back, whatever the name', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, unit: 'grapheme' }), (name) => {
        expect(decodeClusterName(encodeClusterName(name))).toBe(name);
      }),
    );
  });

  it.each(['teleport.cluster.local', 'root.example', '726.teleport.cluster.local', '726F.teleport.cluster.local'])(
    'takes %s for no encoded name',
    (hostName) => expect(decodeClusterName(hostName)).toBeUndefined(),
  );
});
