import { expect, it, vi } from 'vitest';
import { areInstalled, installedProgram } from './installed-program.ts';

it('finds what is installed, and names in one line what is not', () => {
  expect(installedProgram('sh')).toMatch(/^\/.*\/sh$/);
  expect(installedProgram('no-such-program')).toBeUndefined();

  const log = vi.spyOn(console, 'log').mockImplementation(() => {});
  try {
    expect(areInstalled('sh')).toBe(true);
    expect(log).not.toHaveBeenCalled();
    expect(areInstalled('sh', 'no-such-program', 'nor-this')).toBe(false);
    expect(log.mock.calls).toEqual([['tests with no-such-program, nor-this are skipped: not installed']]);
  } finally {
    log.mockRestore();
  }
});
