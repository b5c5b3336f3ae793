import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { expandTemplates, loadProxyTemplates, proxyTemplate } from './proxy-templates.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'templates-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function load(text: string): ReturnType<typeof loadProxyTemplates> {
  const path = join(folder, 'tsh.yaml');
  writeFileSync(path, text);
  return loadProxyTemplates(path);
}

test('the first template that fits says where to', async () => {
  const templates = await load(`
proxy_templates:
- template: '^(\\w+)\\.(?P<leaf>leaf[0-9]):([0-9]+)$'
  cluster: "\${leaf}.example.com"
  host: "$1:$3"
- template: '^(.+)\\.us\\.example\\.com:(.*)$'
  proxy: us.example.com:443
  search: "name=$1,costs $$2"
- template: '^.*$'
  query: 'labels["env"] == "$nosuch"'
`);
  expect(expandTemplates(templates, 'web.leaf1:3022')).toEqual({ cluster: 'leaf1.example.com', host: 'web:3022' });
  expect(expandTemplates(templates, 'db.us.example.com:22')).toEqual({
    proxy: 'us.example.com:443',
    search: 'name=db,costs $2',
  });
  expect(expandTemplates(templates, 'else:1')).toEqual({ query: 'labels["env"] == ""' });
  expect(expandTemplates(templates.slice(0, 2), 'else:1')).toBeUndefined();
});

test('a name goes as far as Go takes it, and each match adds', () => {
  const one = (template: string, host: string) => [proxyTemplate({ template, host }, 'it')];
  expect(expandTemplates(one('(?i)^(A)(b)', `$1x-$\{1}x`), 'aB:1')).toEqual({ host: '-ax' });
  expect(expandTemplates(one('([a-z])[0-9]', '$1'), 'a1b2')).toEqual({ host: 'ab' });
});

test('a file that is not there has none, and a wrong one is named', async () => {
  await expect(loadProxyTemplates(join(folder, 'nosuch'))).resolves.toEqual([]);
  await expect(load('')).resolves.toEqual([]);
  await expect(load('add_keys_to_agent: auto')).resolves.toEqual([]);
  for (const [text, why] of [
    ['proxy_templates: 7', 'proxy_templates is not a list'],
    ['proxy_templates: [{host: a}]', 'proxy_templates[0] has no template'],
    ['proxy_templates: [{template: a}]', 'proxy_templates[0] has none of proxy'],
    ['proxy_templates: [{template: "(", host: a}]', 'template is no regular expression'],
    ['proxy_templates: [{template: a, host: [b]}]', 'host is not a text'],
    ['a: [', 'is not valid YAML'],
  ] as const) {
    await expect(load(text)).rejects.toMatchObject({ code: 'bad_parameter', message: expect.stringContaining(why) });
  }
  await expect(loadProxyTemplates(folder)).rejects.toMatchObject({ code: 'bad_parameter' });
});
