import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { identityOf, recordedSet } from '../../test-support/recorded-output.ts';
import { kubeconfig } from './kubeconfig.ts';
import { kubernetesFiles } from './kubernetes.ts';
import { type ProxyEndpoints, tlsRoutingEndpoints } from './proxy-endpoints.ts';

const identity = identityOf(recordedSet('kubernetes'));

function clusterIn(proxy: ProxyEndpoints): Record<string, unknown> {
  const file = parse(String(kubernetesFiles(identity, { proxy })['kubeconfig.yaml']));
  return file.clusters[0].cluster;
}

test('whatever stands in a kubeconfig is read again as it was', () => {
  const word = fc.oneof(
    fc.string({ minLength: 1, unit: 'grapheme' }),
    fc.constantFrom(
      'true',
      'No',
      '~',
      '1e3',
      '0x1f',
      '-',
      '- a',
      'a: b',
      'a #b',
      "it's",
      '"',
      'a:',
      '\n',
      '--x=1',
      'null',
    ),
  );
  fc.assert(
    fc.property(word, word, fc.array(word, { minLength: 1 }), word, (name, server, args, command) => {
      const user = { type: 'exec', command, args } as const;
      const file = parse(kubeconfig({ name, server, tlsServerName: name, authorities: 'PEM', user }));
      expect(file.clusters).toEqual([
        { name, cluster: { 'certificate-authority-data': 'UEVN', server, 'tls-server-name': name } },
      ]);
      expect(file.contexts).toEqual([{ name, context: { cluster: name, user: name } }]);
      expect(file['current-context']).toBe(name);
      expect(file.users[0].name).toBe(name);
      expect(file.users[0].user.exec).toMatchObject({ command, args });
    }),
    { numRuns: 200 },
  );
});

test('the server is what the proxy has for Kubernetes', () => {
  expect(clusterIn(tlsRoutingEndpoints('teleport.example.com:443'))).toMatchObject({
    server: 'https://teleport.example.com:443',
    'tls-server-name': 'kube-teleport-proxy-alpn.teleport.example.com',
  });
  for (const address of ['127.0.0.1:3080', '[::1]:3080', 'localhost:3080']) {
    expect(clusterIn(tlsRoutingEndpoints(address))).toMatchObject({
      server: `https://${address}`,
      'tls-server-name': 'kube-teleport-proxy-alpn.teleport.cluster.local',
    });
  }
  const separate = { ssh: 'p:3023', kubernetes: 'kube.example.com:3026', tlsRouting: false, connectionUpgrade: false };
  const cluster = clusterIn(separate);
  expect(cluster.server).toBe('https://kube.example.com:3026');
  expect(cluster).not.toHaveProperty('tls-server-name');
});

test('trusts the host authority of the issuing cluster alone', () => {
  const data = String(clusterIn(tlsRoutingEndpoints('p:443'))['certificate-authority-data']);
  const hosts = identity.authorities.filter(({ type }) => type === 'host');
  expect(hosts.map(({ cluster }) => cluster)).toContain('leaf.example');
  expect(Buffer.from(data, 'base64').toString()).toBe(
    hosts.find(({ cluster }) => cluster === 'root.example')?.tlsCertificates[0],
  );
});

test('a proxy without Kubernetes and a credential for something else are refused', () => {
  const proxy = { ssh: 'p:3023', tlsRouting: false, connectionUpgrade: false };
  expect(() => kubernetesFiles(identity, { proxy })).toThrow('the proxy serves no Kubernetes clusters');
  const application = identityOf(recordedSet('application'));
  expect(() => kubernetesFiles(application, { proxy: tlsRoutingEndpoints('p:443') })).toThrow(
    'needs a certificate for a Kubernetes cluster',
  );
});
