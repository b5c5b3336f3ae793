import { expect, test } from 'vitest';
import { admitsPeer } from './peer-rules.ts';

const peer = { uid: 1000, gid: 100, pid: 42, groups: [27, 4242] };

test('no rules let in whoever the file system lets in', () => {
  expect(admitsPeer(undefined, peer)).toBe(true);
  expect(admitsPeer(undefined, undefined)).toBe(true);
});

test.each([
  [[{ uid: 1000 }], true],
  [[{ uid: 1001 }], false],
  [[{ gid: 100 }], true],
  [[{ gid: 4242 }], true],
  [[{ gid: 1000 }], false],
  [[{ uid: 100 }, { gid: 27 }], true],
  [[], false],
])('%j: %s', (rules, allowed) => {
  expect(admitsPeer(rules, peer)).toBe(allowed);
});

test('root needs a rule as everybody does', () => {
  expect(admitsPeer([{ uid: 1000 }], { uid: 0, gid: 0, pid: 1, groups: [] })).toBe(false);
});

test('a peer that the system does not name fits no rule', () => {
  expect(admitsPeer([{ uid: 1000 }], undefined)).toBe(false);
});
