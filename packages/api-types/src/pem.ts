import { TeleportError } from './teleport-error.ts';

/** The DER bytes of the first PEM block with that label; other blocks are passed over. Throws `bad_parameter`. */
export function firstPemBlock(text: string, label: string): Buffer {
  const begin = `-----BEGIN ${label}-----`;
  const start = text.indexOf(begin);
  if (start < 0) throw new TeleportError('bad_parameter', `no PEM block of type ${label} found`);
  const end = text.indexOf(`-----END ${label}-----`, start);
  if (end < 0) {
    throw new TeleportError('bad_parameter', `a PEM block of type ${label} begins but does not end`, {
      hint: 'the file may have been cut short while it was copied',
    });
  }
  return Buffer.from(text.slice(start + begin.length, end), 'base64');
}
