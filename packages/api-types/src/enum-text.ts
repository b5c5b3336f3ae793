import { TeleportError } from './teleport-error.ts';

type WithoutPrefix<K, P extends string> = K extends `${P}${infer Rest}` ? Lowercase<Rest> : never;

/** The texts of an enumeration's values; a value that this version does not know is `unknown:7`. */
export type EnumText<C, P extends string> = WithoutPrefix<keyof C, P> | `unknown:${number}`;

/** Between the numbers of an enumeration and their texts. */
export interface EnumTexts<T extends string> {
  textOf(value: number): T;
  /** @throws TeleportError `bad_parameter` */
  numberOf(text: T): number;
}

/**
 * The texts of a generated enumeration: its names in lower case, without the prefix that they share.
 *
 * @param what what a refusal calls the field
 */
export function enumTexts<C extends Readonly<Record<string, number>>, P extends string>(
  what: string,
  constants: C,
  prefix: P,
): EnumTexts<EnumText<C, P>> {
  const texts = new Map(
    Object.entries(constants).map(([name, value]) => [value, name.slice(prefix.length).toLowerCase()]),
  );
  const numbers = new Map([...texts].map(([value, text]) => [text, value]));
  return {
    textOf: (value) => (texts.get(value) ?? `unknown:${value}`) as EnumText<C, P>,
    numberOf(text) {
      const value = numbers.get(text) ?? Number(/^unknown:(\d+)$/.exec(text)?.[1] ?? Number.NaN);
      if (!Number.isNaN(value)) return value;
      throw new TeleportError(
        'bad_parameter',
        `${what} ${JSON.stringify(text)} is none of ${[...numbers.keys()].join(', ')}`,
      );
    },
  };
}
