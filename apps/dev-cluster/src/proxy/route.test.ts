import { encodeClusterName } from '@teleport-ts/api-types';
import { expect, it } from 'vitest';
import { routeOf } from './route.ts';

const auth = `teleport-auth@${encodeClusterName('root.test')}`;

it.each([
  [[], 'web'],
  [['http/1.1'], 'web'],
  [['h2', 'http/1.1'], 'web'],
  [[auth, 'h2'], 'auth'],
  [['h2', auth], 'web'],
  [['teleport-auth', 'h2'], 'web'],
  [['teleport-proxy-grpc', 'h2'], 'web'],
  [['teleport-proxy-ssh-grpc'], 'transport'],
  [['teleport-proxy-ssh-grpc', 'h2'], 'transport'],
  [['h2', 'teleport-proxy-ssh-grpc'], 'web'],
  [['teleport-reversetunnelv2', 'teleport-reversetunnel'], 'web'],
  [['nonsense'], 'nobody'],
  [['teleport-auth@root.test', 'h2'], 'nobody'],
])('%j goes to %s', (protocols, to) => {
  expect(routeOf({ serverName: undefined, protocols }).to).toBe(to);
});

it('reads the cluster from the protocol', () => {
  expect(routeOf({ serverName: 'teleport.cluster.local', protocols: [auth, 'h2'] })).toEqual({
    to: 'auth',
    cluster: 'root.test',
  });
});
