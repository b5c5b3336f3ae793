import { describe, expect, test } from 'vitest';
import { identityOf, identityPartsOf, recordedSet } from '../../test-support/recorded-output.ts';
import { Identity } from '../identity.ts';
import { identityFiles } from './identity.ts';
import { tlsRoutingEndpoints } from './proxy-endpoints.ts';
import { clusterSshConfig, type SshConfigParts, sshConfig } from './ssh-config.ts';

const parts: SshConfigParts = {
  proxy: tlsRoutingEndpoints('p.example:443'),
  directory: '/opt/machine-id',
  tbotPath: '/usr/bin/tbot',
};

describe('the configuration of OpenSSH', () => {
  test('tells tbot how the proxy is reached', () => {
    const separate = { ssh: '[::1]:3023', tlsRouting: false, connectionUpgrade: false };
    const text = sshConfig(['root.example'], { ...parts, proxy: separate });
    expect(text).toContain('Host *.root.example !::1\n');
    expect(text).toContain("--proxy-server='[::1]:3023' --cluster='root.example' --no-tls-routing");
    const upgraded = { ...parts.proxy, connectionUpgrade: true };
    expect(clusterSshConfig('root.example', { ...parts, proxy: upgraded })).toContain(
      '--tls-routing --connection-upgrade --resume',
    );
  });

  test('keeps paths whole for OpenSSH and for the shell behind it', () => {
    const text = clusterSshConfig('root.example', {
      ...parts,
      directory: "/opt/it's 100%d",
      tbotPath: '/my tools/tbot',
    });
    expect(text).toContain('IdentityFile "/opt/it\'s 100%%d/key"\n');
    expect(text).toContain(`ProxyCommand '/my tools/tbot' ssh-proxy-command --destination-dir='/opt/it'"'"'s 100%%d'`);
  });

  test.each([
    ['a quotation mark in the path', { directory: '/opt/a"b' }],
    ['a line break in the path', { directory: '/opt/a\nProxyCommand evil' }],
    ['a line break in the command', { tbotPath: '/opt/a\nb' }],
  ])('refuses %s', (_, unfit) => {
    expect(() => clusterSshConfig('root.example', { ...parts, ...unfit })).toThrow('cannot stand in the configuration');
  });

  test.each(['*', 'a b', 'a\nHost *', '!x', 'a/b', "a'", 'a,b'])('refuses the cluster %j', (cluster) => {
    expect(() => sshConfig([cluster], parts)).toThrow('cannot stand in the configuration of OpenSSH');
    expect(() => clusterSshConfig(cluster, parts)).toThrow('cannot stand in the configuration of OpenSSH');
  });
});

test('where files lie in no directory only known_hosts is written', () => {
  const identity = identityOf(recordedSet('identity'));
  const names = Object.keys(identityFiles(identity, { proxy: parts.proxy }));
  expect(names.filter((name) => /ssh_config|known_hosts/.test(name))).toEqual(['known_hosts']);
});

test('while an authority is rotated old and new keys are trusted', () => {
  const parts = identityPartsOf(recordedSet('identity'));
  const key = (cluster: string): string =>
    parts.authorities.find((authority) => authority.type === 'host' && authority.cluster === cluster)!
      .sshPublicKeys[0]!;
  const [root, leaf] = [key('root.example'), key('leaf.example')];
  // As if the leaf's key were the root's next one.
  const authorities = parts.authorities.map((authority) =>
    authority.type === 'host' && authority.cluster === 'root.example'
      ? { ...authority, sshPublicKeys: [root, leaf] }
      : authority,
  );
  const files = identityFiles(Identity.create({ ...parts, authorities }), {
    proxy: tlsRoutingEndpoints('p.example:443'),
    directory: { path: '/opt/machine-id', tbotPath: '/usr/bin/tbot' },
  });
  expect(files.known_hosts).toBe(
    [
      `@cert-authority p.example,root.example,*.root.example ${root} type=host\n`,
      `@cert-authority p.example,root.example,*.root.example ${leaf} type=host\n`,
      `@cert-authority p.example,leaf.example,*.leaf.example ${leaf} type=host\n`,
    ].join(''),
  );
  expect(files['root.example.known_hosts']).toBe(
    `# Cluster specific known_hosts generated for cluster 'root.example'\n@cert-authority * ${root} type=host\n@cert-authority * ${leaf} type=host\n`,
  );
});
