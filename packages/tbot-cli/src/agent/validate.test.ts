import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { tokenSecrets } from './config-source.ts';
import { validateConfig } from './validate.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'validate-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function file(text: string): string {
  const path = join(folder, 'tbot.yaml');
  writeFileSync(path, text);
  return path;
}

/** The example of the RFD, letter by letter. */
const RFD = `auth_server: root.tele.example.com:443
store:
  type: memory
sockets:
- path: file:///my/tbot/socket
  roles: ["role-a", "role-b"]
`;

test('the configuration of the RFD is ok, and says what it means', async () => {
  const path = file(RFD);
  expect(await validateConfig({ path }, {})).toEqual({
    exitCode: 0,
    stderr: '',
    stdout: `ok: ${path}
  auth_server   root.tele.example.com:443
  store         memory (a restart needs a new token)
  joining       by flags or from the store
  lifetimes     1h0m0s, renewed every 20m0s
  socket        /my/tbot/socket; roles role-a, role-b; mode 0600; ttl up to 1h0m0s
`,
  });
});

test('what limits a socket, and where the agent tells how it is, is said too', async () => {
  const path = file(`${RFD}  kinds: [database, kubernetes]
  databases: [orders]
  kubernetes_clusters: ["prod-*"]
  allow: [{ user: ci }]
  audit: { file: /var/log/tbot/ci.log, chain: true }
diag_addr: 127.0.0.1:3001
`);
  const { stdout } = await validateConfig({ path }, {});
  expect(stdout).toContain('  diagnostics   127.0.0.1:3001\n');
  expect(stdout).toContain(
    'allow user ci; kinds database, kubernetes; databases orders; Kubernetes clusters prod-*; audit /var/log/tbot/ci.log (chain)\n',
  );
});

test('every problem is told with its place and what to do', async () => {
  const path = file(`auth_server: root.tele.example.com:443
sockets:
  - path: relative/path
    rolls: [a]
    mode: 0660
`);
  const { exitCode, stdout, stderr } = await validateConfig({ path }, {});
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
  expect(stderr).toContain(`error: ${path}:3:11: sockets[0].path: `);
  expect(stderr).toMatch(/"relative\/path".*\nhint: /);
  expect(stderr).toContain(`error: ${path}:4:5: sockets[0]`);
  expect(stderr).toContain(
    `error: ${path}:5:11: sockets[0].mode: must be an octal file mode in quotes\nhint: YAML reads`,
  );
});

test('a file in base64 may stand in the environment, a flag names a file before it', async () => {
  const TBOT_CONFIG = Buffer.from(RFD).toString('base64');
  expect((await validateConfig({}, { TBOT_CONFIG })).stdout).toContain('ok: TBOT_CONFIG');
  const path = file(RFD.replace('memory', 'directory\n  path: /var/lib/bot'));
  expect((await validateConfig({ path }, { TBOT_CONFIG })).stdout).toContain('store         /var/lib/bot');
  await expect(validateConfig({}, { TBOT_CONFIG, TBOT_CONFIG_PATH: path })).rejects.toThrow('both set');
});

test('no file is a wrong command line', async () => {
  await expect(validateConfig({}, {})).rejects.toMatchObject({
    name: 'UsageError',
    message: 'there is no configuration',
    hint: 'name the file: -c tbot.yaml',
  });
  await expect(validateConfig({ path: join(folder, 'missing.yaml') }, {})).rejects.toMatchObject({
    name: 'UsageError',
    message: `there is no configuration file ${join(folder, 'missing.yaml')}`,
  });
});

test('the token that the log leaves out is the one in its file', async () => {
  const token = join(folder, 'token');
  writeFileSync(token, 'abcdef0123\n');
  const secretsOf = (value?: string) =>
    tokenSecrets({ onboarding: value === undefined ? {} : { token: value } } as never);
  expect(await secretsOf(token)).toEqual(['abcdef0123']);
  expect(await secretsOf('direct')).toEqual(['direct']);
  expect(await secretsOf(join(folder, 'missing'))).toEqual([]);
  expect(await secretsOf()).toEqual([]);
});
