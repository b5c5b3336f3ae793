import { readFileSync } from 'node:fs';

/** A fenced block of a guide. */
export interface GuideBlock {
  readonly language: string;
  readonly text: string;
}

/** A page of docs/guides. */
export class Guide {
  readonly blocks: readonly GuideBlock[];

  constructor(name: string) {
    const text = readFileSync(new URL(`../../../docs/guides/${name}.md`, import.meta.url), 'utf8');
    this.blocks = [...text.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(([, language = '', block = '']) => ({
      language,
      text: block,
    }));
  }

  /** The text of the only block of a language that contains something. */
  block(language: string, containing: string): string {
    const found = this.blocks.filter((block) => block.language === language && block.text.includes(containing));
    if (found.length !== 1) throw new Error(`${found.length} blocks of ${language} contain ${containing}`);
    return found[0]!.text;
  }

  /** The command lines that begin with `tbot`, comments and what the shell does with them left out. */
  get commands(): string[] {
    return this.blocks
      .filter(({ language }) => language === 'sh')
      .flatMap(({ text }) => text.split('\n'))
      .filter((line) => line.startsWith('tbot '))
      .map((line) => line.replace(/ +#.*$/, ''));
  }
}

/** A unit file of systemd: sections with what each directive was given, in order. */
export type Unit = Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;

/** Reads a unit file as systemd.syntax(7) has it, as far as the guides use it. */
export function parseUnit(text: string): Unit {
  const unit: Record<string, Record<string, string[]>> = {};
  let section: Record<string, string[]> | undefined;
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const [, heading] = /^\[(\w+)\]$/.exec(line) ?? [];
    if (heading !== undefined) {
      section = {};
      unit[heading] = section;
      continue;
    }
    const [, name, value] = /^(\w+)=(.*)$/.exec(line) ?? [];
    if (!section || name === undefined || value === undefined) throw new Error(`not a line of a unit: ${line}`);
    section[name] = [...(section[name] ?? []), value];
  }
  return unit;
}
