import { readFileSync } from 'node:fs';
import type { MessageCodec } from '@teleport-ts/api-types';

const FOLDER = new URL('../../testdata/teleport-18/', import.meta.url);

/** A message that a real Teleport 18 answered, as `apps/dev-cluster/testdata` keeps it. */
export function recordedMessage<T>(name: string, codec: MessageCodec<T>): T {
  return codec.decode(readFileSync(new URL(`wire/${name}.bin`, FOLDER)));
}

/** Code and text of a refusal of a real Teleport 18, from `wire/errors`. */
export function recordedError(name: string): { code: number; details: string } {
  return recordedStatus(`errors/${name}`);
}

/** Code and text of a refusal of a real Teleport 18. */
export function recordedStatus(name: string): { code: number; details: string } {
  const { code, message } = JSON.parse(readFileSync(new URL(`wire/${name}.status.json`, FOLDER), 'utf8'));
  return { code, details: message };
}

/** A text that a real Teleport 18 answered on its web port. */
export function recordedText(name: string): string {
  return readFileSync(new URL(name, FOLDER), 'utf8');
}

/** Whatever differs from one cluster, and from one moment, to the next. */
const VARIES = new Set([
  'Revision',
  'revision',
  'HostID',
  'hostId',
  'ProxyIDs',
  'ClusterID',
  'RemoteAddr',
  'ProxyPublicAddr',
  'CurrentID',
]);
const KEYS = new Set(['Cert', 'PublicKey', 'publicKey', 'joinToken', 'instanceId']);
const TIMES = new Set(['seconds', 'nanos', 'value']);

/** A message with its varying values replaced by what kind of thing they are; what is comparable from cluster to cluster. */
export function settled(value: unknown, key = ''): unknown {
  if (VARIES.has(key)) return 'varies';
  if (KEYS.has(key)) return (value as Buffer).length > 0 ? 'present' : 'absent';
  if (value instanceof Map) return Object.fromEntries([...value].map(([k, v]) => [k, settled(v, k)]));
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  if (Array.isArray(value)) return value.map((item) => settled(item));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([name]) => name !== '_unknownFields');
  if (entries.length > 0 && entries.every(([name]) => TIMES.has(name)) && 'nanos' in value && !isZeroOrWhole(value)) {
    return 'a time';
  }
  return Object.fromEntries(entries.map(([name, member]) => [name, settled(member, name)]));
}

const isZeroOrWhole = (value: object): boolean => Number((value as { seconds: bigint }).seconds) < 1_000_000;
