import { mkdirSync, writeFileSync } from 'node:fs';
import { TemporaryDirectory } from '@teleport-ts/dev-cluster/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { rfdConfig, tbot, tbotInProcess, told } from '../../test-support/journey.ts';

// What is wrong before anybody is asked: exit 2, the culprit named, nothing on standard output.

let folder: TemporaryDirectory;
beforeAll(async () => {
  folder = await TemporaryDirectory.create();
});
afterAll(() => folder[Symbol.asyncDispose]());

const RFD = rfdConfig({ address: 'root.tele.example.com:443', socket: '/my/tbot/socket' });

describe('a wrong configuration, with line and column', () => {
  test.each([
    ['an unknown key', `${RFD}scokets: []\n`, ['error: $F:7:1: scokets: unknown key, did you mean sockets?']],
    [
      'a key that is like no other',
      `${RFD}  zzzzzzzz: 1\n`,
      [
        'error: $F:7:3: sockets[0].zzzzzzzz: unknown key',
        expect.stringMatching(/^hint: known keys: path, roles, mode, owner, .*audit$/),
      ],
    ],
    [
      'a wrong value',
      RFD.replace('["role-a", "role-b"]', 'role-a'),
      ['error: $F:6:10: sockets[0].roles: must be a list, not text'],
    ],
    [
      'several faults, each with its hint',
      `${RFD}  rols: [a]\n  mode: 0660\n  max_ttl: 10s\n`,
      [
        'error: $F:7:3: sockets[0].rols: unknown key, did you mean roles?',
        'error: $F:8:9: sockets[0].mode: must be an octal file mode in quotes',
        'hint: YAML reads 0660 as another number: write mode: "0660"',
        'error: $F:9:12: sockets[0].max_ttl: 10s is below the shortest lifetime, 1m',
      ],
    ],
    [
      'the key of the RFD beside that of tbot',
      `${RFD}storage: { type: memory }\n`,
      ['error: $F:2:1: store: stands beside storage, which means the same', 'hint: keep one'],
    ],
    [
      'a socket path that is too long',
      RFD.replace('/my/tbot/socket', `/my/${'x'.repeat(120)}`),
      [
        expect.stringMatching(/^error: \$F:5:9: sockets\[0\]\.path: .*the path is 124 bytes long.* at most 107$/),
        'hint: choose a shorter one, such as /run/tbot.sock',
      ],
    ],
    [
      'one path for two sockets',
      `${RFD}- path: /my/tbot/socket\n`,
      ['error: $F:7:9: sockets[1].path: is the path of sockets[0] too'],
    ],
    [
      'an address without a port',
      RFD.replace('root.tele.example.com:443', 'root'),
      [
        expect.stringMatching(/^error: \$F:1:14: auth_server: "root" is not an address/),
        expect.stringMatching(/^hint: /),
      ],
    ],
    ['no YAML at all', 'auth_server: [', [expect.stringMatching(/^error: \$F:1:\d+: not valid YAML: /)]],
    [
      'an empty file',
      '',
      ['error: neither auth_server nor proxy_server is set', expect.stringMatching(/^hint: .*--auth-server/)],
    ],
  ])('%s', async (_, text, lines) => {
    const path = folder.join('tbot.yaml');
    writeFileSync(path, text);
    const { code, stdout, stderr } = await tbotInProcess(['validate', '-c', path]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr.trimEnd().replaceAll(path, '$F').split('\n')).toEqual(lines);
  });

  test('start says the same as validate, as built programs', async () => {
    const path = folder.join('tbot.yaml');
    writeFileSync(path, `${RFD}  rols: [a]\n  mode: 0660\n`);
    const [start, validate] = await Promise.all([tbot(['start', '-c', path]), tbot(['validate', '-c', path])]);
    expect(start).toEqual(validate);
    expect(start.stderr).toContain(`error: ${path}:7:3: `);
  });
});

describe('a command line that cannot be understood', () => {
  test.each([
    ['', 'error: say what to do: a command is missing', /commands: start, generate/],
    ['genrate', 'error: unknown command "genrate"', /did you mean generate\?/],
    ['start --tokn x', 'error: unknown option --tokn', /did you mean --token\?/],
    ['start', 'error: there is no configuration', /-c tbot\.yaml/],
    ['start -c $D', 'error: the configuration file $D is a directory', undefined],
    ['start -c $F --join-method magic', 'error: --join-method: unknown join method "magic"', /supported: token/],
    ['start -c $F --ca-pin sha256:12', 'error: --ca-pin: is not a CA pin: "sha256:12"', /64 hex digits/],
    ['generate --socket /x app --appname foo --out /x', 'error: unknown option --appname', /did you mean --app-name\?/],
    ['generate --socket /x app --app foo --out /x --ttl 0s', 'error: --ttl must be more than zero', undefined],
    ['status', 'error: no socket is given', /--socket, or in TBOT_SOCKET/],
  ])('tbot %s', async (line, error, hint) => {
    const [directory, file] = [folder.join('directory'), folder.join('good.yaml')];
    mkdirSync(directory, { recursive: true });
    writeFileSync(file, rfdConfig({ address: '127.0.0.1:1', socket: folder.join('socket') }));
    const finished = await tbotInProcess(
      line
        .replace('$D', directory)
        .replace('$F', file)
        .split(' ')
        .filter((word) => word !== ''),
    );
    const [first, second, ...rest] = finished.stderr
      .replaceAll(directory, '$D')
      .split('\n')
      .filter((text) => /^(error|hint): /.test(text));
    expect([finished.code, finished.stdout, first, rest]).toEqual([2, '', error, []]);
    if (hint === undefined) expect(second).toBeUndefined();
    else expect(second).toMatch(hint);
  });

  test('the built program says so too', async () => {
    for (const args of [
      ['genrate'],
      ['generate', '--socket', '/x', 'app', '--app', 'foo', '--out', '/x', '--ttl=0s'],
    ]) {
      const built = await tbot(args);
      expect(built).toMatchObject({ code: 2, stdout: '', stderr: expect.stringMatching(/^error: /) });
      expect(built).toEqual(await tbotInProcess(args));
    }
  });

  test('a token file that is not there', async () => {
    const file = folder.join('good.yaml');
    writeFileSync(file, rfdConfig({ address: '127.0.0.1:1', socket: folder.join('socket') }));
    const { code, stdout, stderr } = await tbot(['start', '-c', file, '--token', '/nowhere/token']);
    expect([code, stdout]).toEqual([2, '']);
    expect(told(stderr)).toMatch(
      /^error: the token file \/nowhere\/token cannot be read: ENOENT\nhint: .*starts with \/.*$/,
    );
  });
});
