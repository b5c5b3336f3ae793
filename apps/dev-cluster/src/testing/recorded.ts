import { readFileSync } from 'node:fs';
import type { MessageCodec } from '@teleport-ts/api-types';

const FOLDER = new URL('../../testdata/teleport-18/', import.meta.url);

/** A message that a real Teleport 18 answered, as `apps/dev-cluster/testdata` keeps it. */
export function recordedMessage<T>(name: string, codec: MessageCodec<T>): T {
  return codec.decode(readFileSync(new URL(`wire/${name}.bin`, FOLDER)));
}

/** Code and text of a refusal of a real Teleport 18. */
export function recordedError(name: string): { code: number; details: string } {
  const { code, message } = JSON.parse(readFileSync(new URL(`wire/errors/${name}.status.json`, FOLDER), 'utf8'));
  return { code, details: message };
}

/** A text that a real Teleport 18 answered on its web port. */
export function recordedText(name: string): string {
  return readFileSync(new URL(name, FOLDER), 'utf8');
}
