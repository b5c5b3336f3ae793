// docs/areas.md names what there is: the functions of each door, and the services with their definitions.
import { readdirSync, readFileSync } from 'node:fs';
import type { GenericDefinition } from '@teleport-ts/api-types';
import { expect, test } from 'vitest';

const folder = new URL('../../', import.meta.url);
const page = readFileSync(new URL('../../docs/areas.md', folder), 'utf8');
const { exports: doors, publishConfig } = JSON.parse(readFileSync(new URL('package.json', folder), 'utf8')) as {
  exports: Record<string, { default: string; types: string }>;
  publishConfig: { exports: Record<string, { default: string; types: string }> };
};
const areas = Object.keys(doors).filter((door) => doors[door]?.default?.startsWith('./dist/areas/'));
const functionsOf = async (door: string): Promise<string[]> => {
  const module: object = await import(new URL(`${door.slice(2)}.ts`, import.meta.url).href);
  return Object.entries(module).flatMap(([name, value]) => (typeof value === 'function' ? [name] : []));
};

test.each(areas)('the page names the functions of %s', async (door) => {
  const row = page.split('\n').find((line) => line.startsWith(`| \`${door}\``));
  const named = [...(row?.split('|')[3] ?? '').matchAll(/`(\w+)`/g)].map(([, name]) => name);
  expect(named.sort()).toEqual((await functionsOf(door)).sort());
  expect(publishConfig.exports[door]).toEqual({
    types: doors[door]?.types,
    default: doors[door]?.default.replace('/dist/', '/dist/flat/'),
  });
});

test('no two doors have a function of the same name', async () => {
  const names = (await Promise.all(areas.map(functionsOf))).flat();
  expect(areas.length).toBeGreaterThanOrEqual(15);
  expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([]);
});

const services = [
  ...page.matchAll(/^\| `([\w.]+)` \| (\d+) \| `(\w+)` of `(@teleport-ts\/api-types\/proto\/[\w/]+)` \|$/gm),
];

test.each(services.map(([, service, calls, name, door]) => ({ service, calls, name, door })))(
  '$service has a definition behind a door',
  async ({ service, calls, name, door }) => {
    const module = (await import(String(door))) as Record<string, GenericDefinition>;
    expect(module[String(name)]?.fullName).toBe(service);
    expect(Object.keys(module[String(name)]?.methods ?? {})).toHaveLength(Number(calls));
  },
);

test('all services of the contracts are named', () => {
  const contracts = new URL('../../proto/teleport/', folder);
  const files = readdirSync(contracts, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.proto'));
  const defined = files.flatMap((path) => {
    const text = readFileSync(new URL(path, contracts), 'utf8');
    const [, name] = /^package ([\w.]+);/m.exec(text) ?? [];
    return [...text.matchAll(/^service (\w+)/gm)].map(([, service]) => `${name}.${service}`);
  });
  expect(services.map(([, service]) => service).sort()).toEqual(defined.sort());
});
