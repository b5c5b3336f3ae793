import { TeleportError } from '@teleport-ts/api-types';

/** One PEM block: its label and its text, BEGIN and END lines included. */
export interface PemBlock {
  readonly label: string;
  readonly text: string;
}

const marker = /^-----(BEGIN|END) ([A-Z0-9 ]+)-----\s*$/;

/**
 * The PEM blocks of a text, in order; everything between them is passed over.
 *
 * @param origin where the text came from, for the error
 * @throws TeleportError `bad_parameter` when a block begins without ending, or ends without beginning
 */
export function pemBlocks(text: string, origin: string): PemBlock[] {
  const blocks: PemBlock[] = [];
  let open: { label: string; line: number; lines: string[] } | undefined;
  const half = (label: string, line: number, what: string): TeleportError =>
    new TeleportError('bad_parameter', `${origin} holds half a PEM block: ${label} at line ${line} ${what}`, {
      hint: 'the file was cut short, or is still being written; copy or issue it again',
    });
  for (const [index, line] of text.split('\n').entries()) {
    const [, edge, label] = marker.exec(line) ?? [];
    open?.lines.push(line.trimEnd());
    if (edge === 'BEGIN' && label !== undefined) {
      if (open) throw half(open.label, open.line, 'begins and does not end');
      open = { label, line: index + 1, lines: [line.trimEnd()] };
    } else if (edge === 'END' && label !== undefined) {
      if (open?.label !== label) throw half(label, index + 1, 'ends and did not begin');
      blocks.push({ label, text: `${open.lines.join('\n')}\n` });
      open = undefined;
    }
  }
  if (open) throw half(open.label, open.line, 'begins and does not end');
  return blocks;
}
