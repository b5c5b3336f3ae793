import { directoryString, objectIdentifier, sequence, setOf } from './der-writer.ts';

/** One relative name: an attribute type and its values, which share one SET. No value, no relative name. */
export type RelativeName = readonly [oid: string, values: readonly string[]];

/** A distinguished name in DER. */
export function distinguishedName(names: readonly RelativeName[]): Buffer {
  const sets: Buffer[] = [];
  for (const [oid, values] of names) {
    if (values.length === 0) continue;
    sets.push(setOf(values.map((value) => sequence(objectIdentifier(oid), directoryString(value)))));
  }
  return sequence(...sets);
}
