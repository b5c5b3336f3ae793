import { expect, it } from 'vitest';
import { isServedVersion } from './client-version.ts';

it.each([undefined, '17.0.0', '17.0.0-aa', '17.0.0-ab', '18.0.0-dev', '18.0.0', '19.0.0', '25.0.0', '18.0.0+build'])(
  'serves %s',
  (version) => expect(isServedVersion(version)).toBe(true),
);

it.each(['16.9.9', '17.0.0-a', '1.18.3', 'v18.0.0', '18', '18.0', 'junk', '', '18.0.0.0'])('refuses %j', (version) =>
  expect(isServedVersion(version)).toBe(false),
);
