import { expect, it } from 'vitest';
import { outline, table } from './output.ts';

it('makes columns as wide as they need to be', () => {
  const rows = [
    { name: 'a', publicAddr: 'a.localhost', labels: { env: 'dev', tier: '1' }, served: true },
    { name: 'longer', publicAddr: '', labels: {}, served: false },
  ];
  expect(table(['name', 'publicAddr', 'labels', 'served'], rows)).toBe(
    [
      'NAME    PUBLIC ADDR  LABELS          SERVED',
      'a       a.localhost  env=dev,tier=1  yes',
      'longer  -            -               no',
    ].join('\n'),
  );
});

it('outlines what there is and leaves out what is empty', () => {
  const role = {
    name: 'dev',
    description: '',
    allow: { logins: ['root', 'ubuntu'], rules: [{ resources: ['user'], verbs: ['read'] }], appLabels: {} },
    deny: { logins: [] },
  };
  expect(outline(role)).toBe(
    ['name: dev', 'allow:', '  logins: root,ubuntu', '  rules:', '    resources: user', '    verbs: read'].join('\n'),
  );
});

it('shows a text that would move the cursor as what it is', () => {
  expect(outline({ message: 'a\u001b[2Jb\nc' })).toBe('message: "a\\u001b[2Jb\\nc"');
  expect(outline({ message: 'a\u009bb' })).toBe('message: "a?b"');
});
