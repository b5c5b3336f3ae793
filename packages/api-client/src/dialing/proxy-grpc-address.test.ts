import { expect, test } from 'vitest';
import { proxyGrpcAddress } from './proxy-grpc-address.ts';

const kube = { enabled: false };

test.each([
  ['TLS routing', { publicAddr: 'p.test:443', listenAddr: '0.0.0.0:3080' }, true, { host: 'web.test', port: 8443 }],
  [
    'its own public address',
    { sshPublicAddr: 'ssh.test:2023', publicAddr: 'p.test:443' },
    false,
    { host: 'ssh.test', port: 2023 },
  ],
  [
    'one without a port',
    { sshPublicAddr: 'ssh.test', listenAddr: '0.0.0.0:4023' },
    false,
    { host: 'ssh.test', port: 4023 },
  ],
  [
    'the public address',
    { publicAddr: 'p.test:443', listenAddr: '0.0.0.0:4023' },
    false,
    { host: 'p.test', port: 4023 },
  ],
  ['where it listens', { listenAddr: '10.0.0.1:4023' }, false, { host: '10.0.0.1', port: 4023 }],
  ['everywhere', { listenAddr: '[::]:4023' }, false, { host: 'web.test', port: 4023 }],
  ['any host', { listenAddr: ':4023' }, false, { host: 'web.test', port: 4023 }],
  ['unreadable', { sshPublicAddr: 'x y', listenAddr: 'x:y' }, false, { host: 'web.test', port: 3023 }],
  ['nothing', {}, false, { host: 'web.test', port: 3023 }],
])('%s', (_what, ssh, tlsRoutingEnabled, expected) => {
  expect(proxyGrpcAddress({ tlsRoutingEnabled, ssh, kube }, { host: 'web.test', port: 8443 })).toEqual(expected);
});
