// What a program loads with the package: counted in modules, since a time would depend on the machine.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';

const source = import.meta.dirname;

/** Files below src and names of modules that `entry` loads, itself included; imports of types load nothing. */
function loads(entry: string, seen: Set<string> = new Set([entry])): Set<string> {
  const code = readFileSync(join(source, entry), 'utf8');
  for (const [, names = '', from = ''] of code.matchAll(/^(?:im|ex)port (?!type )([^'"]*?)from ['"]([^'"]+)['"];/gms)) {
    if (/^\{(?:\s*type [^,}]+,?)+\s*\}\s*$/.test(names)) continue;
    const target = from.startsWith('.') ? relative(source, join(source, dirname(entry), from)) : from;
    if (seen.has(target)) continue;
    seen.add(target);
    if (from.startsWith('.')) loads(target, seen);
  }
  return seen;
}

describe('the index', () => {
  const loaded = [...loads('index.ts')];

  it('loads no generated module, and nothing from outside but node:crypto', () => {
    expect(loaded.length).toBeGreaterThan(10);
    expect(loaded.filter((path) => path.startsWith('gen/'))).toEqual([]);
    expect(loaded.filter((path) => !path.endsWith('.ts'))).toEqual(['node:crypto']);
  });
});

describe('generated messages', () => {
  const modules = readdirSync(join(source, 'gen'), { recursive: true, encoding: 'utf8' }).filter((path) =>
    path.endsWith('.ts'),
  );

  it('load no service', () => {
    const services = modules
      .map((path) => `gen/${path}`)
      .filter((path) => /^export const \w+Definition = \{/m.test(readFileSync(join(source, path), 'utf8')))
      .filter((path) => path !== 'gen/grpc/health/v1/health.ts');
    expect(services.length).toBe(12);
    for (const path of modules.map((module) => `gen/${module}`).filter((module) => !services.includes(module))) {
      const loaded = loads(path);
      expect(
        services.filter((service) => loaded.has(service)),
        path,
      ).toEqual([]);
    }
  });

  it('load nothing from outside', () => {
    const all = new Set(modules.flatMap((path) => [...loads(`gen/${path}`)]));
    expect([...all].filter((path) => !path.endsWith('.ts'))).toEqual([]);
    expect(all.has('wire.ts')).toBe(true);
  });
});
