import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isTeleportError } from '@teleport-ts/api-types';
import { describe, expect, it } from 'vitest';
import type { TbotConfig } from './config.ts';
import { ConfigError } from './config-error.ts';
import { type ConfigSources, loadConfig, parseConfig } from './load-config.ts';

const RFD = `auth_server: root.tele.example.com:443
store:
  type: memory
sockets:
- path: file:///my/tbot/socket
  roles: ["role-a", "role-b"]
`;

function refusal(text: string, sources: ConfigSources = {}): ConfigError {
  try {
    parseConfig(text, sources);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    expect(isTeleportError(error, 'bad_parameter')).toBe(true);
    return error as ConfigError;
  }
  throw new Error('the configuration was accepted');
}

/** A configuration with an address and the given lines. */
const withLines = (lines: string): string => `auth_server: a:3025\n${lines}`;

describe('the RFD’s configuration', () => {
  it('parses as written', () => {
    expect(parseConfig(RFD)).toEqual({
      authServer: 'root.tele.example.com:443',
      onboarding: {},
      store: { type: 'memory' },
      credentialTtlMs: 3_600_000,
      renewalIntervalMs: 1_200_000,
      insecure: false,
      debug: false,
      sockets: [
        {
          path: '/my/tbot/socket',
          roles: ['role-a', 'role-b'],
          mode: 0o600,
          readers: [],
          kinds: ['identity', 'application', 'database', 'kubernetes'],
          limits: { ratePerSecond: 50, burst: 100, ratePerUserPerSecond: 20, streams: 1000 },
        },
      ],
      warnings: [],
    } satisfies TbotConfig);
  });

  it('takes the joining from flags', () => {
    const config = parseConfig(RFD, {
      flags: { token: '/run/token', joinMethod: 'token', caPins: [`sha256:${'AB'.repeat(32)}`] },
    });
    expect(config.onboarding).toEqual({
      token: '/run/token',
      joinMethod: 'token',
      caPins: [`sha256:${'ab'.repeat(32)}`],
    });
  });
});

describe('a socket', () => {
  it('takes every key of the contract', () => {
    const config = parseConfig(
      withLines(`sockets:
  - path: /run/tbot/ci.sock
    roles: [deployer, deployer]
    mode: "0660"
    owner: tbot
    group: 1000
    readers: [{ user: build }]
    allow: [{ user: ci }, { group: "20" }]
    kinds: [application, database, kubernetes]
    applications: ["grafana", "ci-*"]
    databases: [orders]
    kubernetes_clusters: ["*-test", "*-test"]
    clusters: [root.tele.example.com]
    max_ttl: 10m
    limits: { rate: 600/m, burst: off }
    audit: { file: /var/log/tbot/ci.audit.log }
`),
    );
    expect(config.sockets[0]).toEqual({
      path: '/run/tbot/ci.sock',
      roles: ['deployer'],
      mode: 0o660,
      owner: 'tbot',
      group: 1000,
      readers: [{ user: 'build' }],
      allow: [{ user: 'ci' }, { group: 20 }],
      kinds: ['application', 'database', 'kubernetes'],
      applications: ['grafana', 'ci-*'],
      databases: ['orders'],
      kubernetesClusters: ['*-test'],
      clusters: ['root.tele.example.com'],
      maxTtlMs: 600_000,
      limits: { ratePerSecond: 10, ratePerUserPerSecond: 20, streams: 1000 },
      audit: { file: '/var/log/tbot/ci.audit.log' },
    });
    expect(parseConfig(withLines('sockets: [{ path: /s, limits: off }]')).sockets[0]!.limits).toEqual({});
  });

  it.each([
    ['mode: 0660', 'sockets[0].mode: must be an octal file mode in quotes'],
    ['mode: "0888"', 'sockets[0].mode: is not an octal file mode: "0888"'],
    ['mode: "0060"', 'sockets[0].mode: "0060" locks out the owner'],
    ['mode: "4755"', 'sockets[0].mode: "4755" sets more than permissions'],
    ['roles: []', 'sockets[0].roles: is empty'],
    ['roles: deployer', 'sockets[0].roles: must be a list, not text'],
    ['roles: [7]', 'sockets[0].roles[0]: must be text, not a number'],
    ['allow: [{ user: a, group: b }]', 'sockets[0].allow[0]: must name either a user or a group'],
    ['allow: [{ usr: a }]', 'sockets[0].allow[0].usr: unknown key, did you mean user?'],
    ['kinds: []', 'sockets[0].kinds: is empty'],
    ['kinds: [aplication]', 'sockets[0].kinds[0]: unknown kind "aplication"'],
    ['databases: []', 'sockets[0].databases: is empty'],
    ['kubernetes_clusters: main', 'sockets[0].kubernetes_clusters: must be a list, not text'],
    ['max_ttl: 10', 'sockets[0].max_ttl: has no unit: 10'],
    ['max_ttl: 30s', 'sockets[0].max_ttl: 30s is below the shortest lifetime, 1m'],
    ['max_ttl: 0s', 'sockets[0].max_ttl: must be positive, not 0s'],
    ['max_ttl: soon', 'sockets[0].max_ttl: is not a duration: "soon"'],
    ['limits: { rate: fast }', 'sockets[0].limits.rate: is not a rate: "fast"'],
    ['limits: { streams: 0 }', 'sockets[0].limits.streams: must be a whole number above zero, or off, not a number'],
    ['audit: { file: audit.log }', 'sockets[0].audit.file: is not an absolute path: "audit.log"'],
    ['audit: yes', 'sockets[0].audit: must be a map, not text'],
  ])('refuses %s', (line, message) => {
    const error = refusal(withLines(`sockets:\n  - path: /s\n    ${line}\n`));
    expect(error.message).toMatch(/^tbot\.yaml:4:\d+: /);
    expect(error.message).toContain(message);
  });

  it('refuses a path that is missing, relative, too long or taken twice', () => {
    expect(refusal(withLines('sockets: [{ roles: [a] }]')).message).toContain('sockets[0].path: is missing');
    expect(refusal(withLines('sockets: [{ path: s.sock }]')).message).toContain(
      'sockets[0].path: is not an absolute path: "s.sock"',
    );
    const long = `/${'x'.repeat(107)}`;
    expect(refusal(withLines(`sockets: [{ path: ${long} }]`)).message).toContain(
      "the path is 108 bytes long, and a unix socket's path has at most 107",
    );
    expect(parseConfig(withLines(`sockets: [{ path: ${long.slice(0, -1)} }]`)).sockets).toHaveLength(1);
    const twice = refusal(withLines('sockets:\n  - path: /s\n  - path: unix:///s\n'));
    expect(twice.message).toContain('tbot.yaml:4:11: sockets[1].path: is the path of sockets[0] too');
  });
});

describe('a wrong file', () => {
  it('is told key by key, in the order of the lines', () => {
    const error = refusal('auth_sever: a:1\nproxy_server: b\nsockets:\n- pth: /x\n  mode: 7\n', {
      fileName: '/etc/tbot.yaml',
    });
    expect(error.message.split('\n')).toEqual([
      '/etc/tbot.yaml:1:1: auth_sever: unknown key, did you mean auth_server?',
      '/etc/tbot.yaml:2:15: proxy_server: "b" is not an address of the form host:port',
      '/etc/tbot.yaml:4:3: sockets[0].path: is missing',
      '/etc/tbot.yaml:4:3: sockets[0].pth: unknown key, did you mean path?',
      '/etc/tbot.yaml:5:9: sockets[0].mode: must be an octal file mode in quotes',
    ]);
    expect(error.issues).toHaveLength(5);
    expect(error.hint).toContain('add the port');
  });

  it('is told where the YAML breaks', () => {
    expect(refusal('auth_server: [a\nstore: {').message).toMatch(/^tbot\.yaml:\d:\d+: not valid YAML: /);
    expect(refusal('a: 1\na: 2\n').message).toContain('tbot.yaml:2:1: not valid YAML: a key stands there twice');
    expect(refusal('just text').message).toContain('must be a map, not text');
    expect(refusal('').message).toContain('neither auth_server nor proxy_server is set');
  });

  it('does not show the secrets that stand in it', () => {
    const secrets = [
      'onboarding: { token: *s3cr3t-token }',
      'onboarding: { token: "s3cr3t-token',
      'onboarding: { token: 735132 }',
      'onboarding: { token: [s3cr3t-token] }',
      'onboarding: { token: @s3cr3t-token }',
      'onboarding:\n  token: a: s3cr3t-token',
    ];
    for (const line of secrets) {
      const error = refusal(withLines(line));
      expect(`${error.message} ${error.hint} ${JSON.stringify(error.issues)}`).not.toMatch(/s3cr3t|735132/);
    }
  });
});

describe('a tbot.yaml of Teleport 18', () => {
  it('starts unchanged where everything in it is supported', () => {
    const config = parseConfig(`version: v2
proxy_server: example.com:443
onboarding: { join_method: token, token: /etc/agent/join-token, ca_path: /etc/ca.pem }
storage: { type: directory, path: /var/lib/agent, symlinks: try-secure, acls: try }
certificate_ttl: 30m
renewal_interval: 10m
oneshot: false
debug: true
fips: false
services: []
outputs:
`);
    expect(config).toMatchObject({
      proxyServer: 'example.com:443',
      onboarding: { joinMethod: 'token', token: '/etc/agent/join-token', caPath: '/etc/ca.pem' },
      store: { type: 'directory', path: '/var/lib/agent' },
      credentialTtlMs: 1_800_000,
      renewalIntervalMs: 600_000,
      debug: true,
      sockets: [],
      warnings: ['certificate_ttl is an old name: use credential_ttl'],
    });
    expect(config.authServer).toBeUndefined();
  });

  it.each([
    ['version: v1', 'version: unsupported version "v1"'],
    ['oneshot: true', 'oneshot: oneshot is not supported by this version'],
    ['fips: true', 'fips: fips is not supported'],
    ['diag_addr: 3000', 'diag_addr: must be text, not a number'],
    ['diag_addr: 127.0.0.1', 'diag_addr: is not an address: "127.0.0.1"'],
    ['services: [{ type: ssh-multiplexer }]', 'services[0]: a service of type "ssh-multiplexer" is not supported'],
    ['outputs: [{ type: identity }]', 'outputs[0]: a service of type "identity" is not supported'],
    ['onboarding: { join_method: github }', 'join method "github" is not supported by this version'],
    ['onboarding: { join_method: tokn }', 'onboarding.join_method: unknown join method "tokn"'],
    ['onboarding: { gitlab: {} }', 'onboarding.gitlab: joining by gitlab is not supported'],
    ['onboarding: { ca_pins: [abc] }', 'onboarding.ca_pins[0]: is not a CA pin: "abc"'],
    ['storage: { type: kubernetes_secret, name: x }', 'storage type "kubernetes_secret" is not supported'],
    ['storage: { type: directory }', 'storage: a directory needs a path'],
    ['storage: { type: directory, path: /x, symlinks: insecure }', 'symlinks mode "insecure" is not supported'],
    ['storage: { path: /x }', 'storage.type: is missing'],
    ['storage: { type: memory }\nstore: { type: memory }', 'store: stands beside storage'],
    ['proxy_server: b:443', 'auth_server: stands beside proxy_server'],
    ['insecure: true\nonboarding: { ca_path: /x }', 'insecure: excludes ca_path'],
    [`onboarding: { ca_path: /x, ca_pins: ["sha256:${'0'.repeat(64)}"] }`, 'ca_pins and ca_path exclude each other'],
    ['credential_ttl: 10s', 'credential_ttl: 10s is below the shortest lifetime'],
    ['credential_ttl: -1h', 'credential_ttl: must be positive'],
  ])('is refused for %s', (line, message) => {
    const error = refusal(withLines(line));
    expect(error.message).toContain(message);
    expect(error.message).toMatch(/^tbot\.yaml:\d+:\d+: /);
  });

  it('warns of lifetimes that do not fit', () => {
    const config = parseConfig(withLines('credential_ttl: 10m\nrenewal_interval: 1h'));
    expect(config.warnings).toEqual([expect.stringContaining('shorter than renewal_interval')]);
    expect(parseConfig(withLines('credential_ttl: 200h')).warnings).toEqual([expect.stringContaining('168h')]);
  });
});

describe('flags and variables', () => {
  const file = 'auth_server: file:3025\nonboarding: { token: from-file, ca_path: /ca.pem }\nstore: { type: memory }';

  it('lie over the file, key by key', () => {
    const config = parseConfig(file, {
      flags: { certificateTtl: '10m', renewalInterval: '5m', storage: 'file:///var/lib/x', debug: true },
      environment: { TELEPORT_BOT_TOKEN: 'from-environment' },
    });
    expect(config).toMatchObject({
      onboarding: { token: 'from-environment', caPath: '/ca.pem' },
      credentialTtlMs: 600_000,
      renewalIntervalMs: 300_000,
      store: { type: 'directory', path: '/var/lib/x' },
      debug: true,
    });
  });

  it('a flag beats a variable, an address from outside the one of the file', () => {
    const environment = { TELEPORT_PROXY: 'env:443', TELEPORT_BOT_TOKEN: 'from-environment' };
    const byVariable = parseConfig(file, { environment });
    expect([byVariable.proxyServer, byVariable.authServer]).toEqual(['env:443', undefined]);
    expect(byVariable.warnings).toEqual(['the address env:443 from outside replaces file:3025 of the file']);
    const byFlag = parseConfig(file, { environment, flags: { authServer: 'flag:3025', token: 'from-flag' } });
    expect([byFlag.proxyServer, byFlag.authServer, byFlag.onboarding.token]).toEqual([
      undefined,
      'flag:3025',
      'from-flag',
    ]);
  });

  it('are refused by their own name', () => {
    expect(refusal(file, { flags: { authServer: 'a' } }).message).toBe(
      '--auth-server: "a" is not an address of the form host:port',
    );
    expect(refusal(file, { flags: { caPins: ['x'] } }).message).toContain('--ca-pin: is not a CA pin');
    expect(refusal(file, { flags: { joinMethod: 'iam' } }).message).toContain(
      '--join-method: join method "iam" is not supported',
    );
    expect(refusal(file, { flags: { certificateTtl: '1' } }).message).toContain('--certificate-ttl: is not a duration');
    expect(refusal(file, { environment: { TELEPORT_PROXY: 'x' } }).message).toContain(
      'TELEPORT_PROXY: "x" is not an address',
    );
    const both = { TELEPORT_PROXY: 'a:1', TELEPORT_AUTH_SERVER: 'b:1' };
    expect(refusal(file, { environment: both }).message).toBe('TELEPORT_AUTH_SERVER and TELEPORT_PROXY are both given');
  });
});

describe('loadConfig', () => {
  it('names the file that is not there, and the file in positions', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tbot-config-'));
    try {
      const path = join(folder, 'tbot.yaml');
      await expect(loadConfig(path)).rejects.toThrow(`there is no configuration file ${path}`);
      await writeFile(path, 'nope: 1');
      await expect(loadConfig(path)).rejects.toThrow(`${path}:1:1: nope: unknown key`);
      await writeFile(path, RFD);
      expect((await loadConfig(path)).sockets).toHaveLength(1);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
