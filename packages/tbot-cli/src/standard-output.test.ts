import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { print } from './standard-output.ts';

/** A stream that fails as those of files and pipes do: while it is written to. */
function failing(code: string | undefined): NodeJS.WriteStream & { readonly written: string[] } {
  const written: string[] = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      written.push(String(chunk));
      done(code === undefined ? null : Object.assign(new Error(code), { code }));
    },
  });
  return Object.assign(stream as unknown as NodeJS.WriteStream, { written });
}

test('a result that cannot be written is a failure of the command', async () => {
  const stdout = failing('ENOSPC');
  expect(() => print('text', stdout)).toThrow('cannot write to standard output: ENOSPC');
  // The event of the stream, which would end the process.
  await new Promise(setImmediate);
  expect(() => print('more', stdout)).toThrow('ENOSPC');
});

test('a reader that has gone away is none', async () => {
  const stdout = failing('EPIPE');
  print('text', stdout);
  await new Promise(setImmediate);
  expect(stdout.written).toEqual(['text']);
});

test('a terminal is shown control characters, a program gets them', () => {
  const [terminal, pipe] = [failing(undefined), failing(undefined)];
  print('\u001b[2J', Object.assign(terminal, { isTTY: true }));
  print('\u001b[2J', pipe);
  expect([terminal.written, pipe.written]).toEqual([['\\u001b[2J'], ['\u001b[2J']]);
});

test('all else is written', () => {
  const stdout = failing(undefined);
  print('one', stdout);
  print('two', stdout);
  expect([stdout.written, stdout.listenerCount('error')]).toEqual([['one', 'two'], 1]);
});
