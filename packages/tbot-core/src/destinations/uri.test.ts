import { isTeleportError } from '@teleport-ts/api-types';
import { expect, test } from 'vitest';
import { parseDestinationUri } from './uri.ts';

test.each([
  ['file:///tmp/app-credentials', '/tmp/app-credentials'],
  ['/tmp/app', '/tmp/app'],
  ['file:///tmp/a b%20c', '/tmp/a b%20c'],
  ['/tmp/app/', '/tmp/app'],
  ['file:///tmp//x/../app', '/tmp/app'],
  ['file:/tmp/app', '/tmp/app'],
  ['FILE:///tmp/app', '/tmp/app'],
  ['/', '/'],
  ['/with:colon', '/with:colon'],
])('%j is the directory %j', (text, path) => {
  expect(parseDestinationUri(text)).toEqual({ type: 'directory', path });
});

test('memory:// is memory', () => {
  expect(parseDestinationUri('memory://')).toEqual({ type: 'memory' });
});

test.each([
  ['', 'the path is empty'],
  ['file://', 'the path is empty'],
  ['relative/path', 'the path is not absolute'],
  ['./x', 'the path is not absolute'],
  ['file://host/path', 'takes no host part'],
  ['memory://x', 'takes nothing after it'],
  ['s3://bucket/x', 'the scheme s3: is not supported'],
  ['kubernetes-secret:///x', 'the scheme kubernetes-secret: is not supported'],
  ['c:\\x', 'the scheme c: is not supported'],
  ['/a\0b', 'a path holds no NUL'],
])('%j is refused: %s', (text, why) => {
  let error: unknown;
  try {
    parseDestinationUri(text);
  } catch (thrown) {
    error = thrown;
  }
  if (!isTeleportError(error, 'bad_parameter')) throw new Error('expected bad_parameter');
  expect(error.message).toContain(why);
  expect(error.message).toContain(JSON.stringify(text));
  expect(error.hint).toContain('file:///');
});
