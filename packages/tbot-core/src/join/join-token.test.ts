import { writeFile } from 'node:fs/promises';
import { TemporaryDirectory } from '@teleport-ts/dev-cluster/testing';
import { describe, expect, it } from 'vitest';
import { readJoinToken } from './join-token.ts';

describe('readJoinToken', () => {
  it('takes the text itself, or the file that an absolute path names', async () => {
    await using folder = await TemporaryDirectory.create();
    await writeFile(folder.join('token'), '\n s3cr3t \n');
    expect(await readJoinToken('s3cr3t')).toBe('s3cr3t');
    expect(await readJoinToken('relative/token')).toBe('relative/token');
    expect(await readJoinToken(folder.join('token'))).toBe('s3cr3t');
  });

  it('says which file is missing or empty', async () => {
    await using folder = await TemporaryDirectory.create();
    await writeFile(folder.join('empty'), ' \n');
    await expect(readJoinToken(folder.join('gone'))).rejects.toMatchObject({
      code: 'bad_parameter',
      message: expect.stringContaining(folder.join('gone')),
    });
    await expect(readJoinToken(folder.join('empty'))).rejects.toMatchObject({ code: 'bad_parameter' });
    await expect(readJoinToken(folder.path)).rejects.toMatchObject({
      code: 'bad_parameter',
      message: expect.stringContaining('EISDIR'),
    });
  });
});
