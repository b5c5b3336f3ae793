import { expect, test } from 'vitest';
import { accountId } from './accounts.ts';

test('numbers are numbers, as text too', async () => {
  expect(await accountId('user', 4242)).toBe(4242);
  expect(await accountId('group', '17')).toBe(17);
});

test('names are looked up', async () => {
  expect(await accountId('user', 'root')).toBe(0);
  expect(await accountId('group', 'root')).toBe(0);
});

test('an unknown name is said', async () => {
  await expect(accountId('user', 'no-such-user')).rejects.toMatchObject({
    code: 'bad_parameter',
    message: 'there is no user "no-such-user" on this system',
  });
});

test('a name that looks like an option is a name', async () => {
  await expect(accountId('group', '--help')).rejects.toMatchObject({ code: 'bad_parameter' });
});

test('the number that means "leave it" is refused', async () => {
  await expect(accountId('user', 4294967295)).rejects.toMatchObject({ code: 'bad_parameter' });
});
