import { newRole, type Role } from '@teleport-ts/api-types/resources/role';
import { type RealTeleport, teleportBinDir } from '@teleport-ts/dev-cluster/testing';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type RealAreaCluster, startRealAreaCluster } from '../../test-support/real-area-cluster.ts';
import { deleteRole, upsertRole } from '../areas/roles.ts';
import type { Client } from '../index.ts';
import {
  type Reflector,
  reflector,
  watch,
  watchedApplicationServers,
  watchedCertAuthorities,
  watchedNodes,
  watchedRoles,
  watchedTokens,
  watchedUsers,
} from './index.ts';

/** Reads of a real cluster lag behind its writes by a second. */
const soon = { timeout: 20_000, interval: 100 };

describe.skipIf(!teleportBinDir())('a watch of a real Teleport 18', () => {
  let it: RealAreaCluster;
  let client: Client;
  let teleport: RealTeleport;
  beforeAll(async () => {
    it = await startRealAreaCluster();
    ({ client, teleport } = it);
  });
  afterAll(() => it?.[Symbol.asyncDispose]());

  test('is confirmed in part, or refused, as on the cluster in memory', async () => {
    await expect(watch(client, ['nonsense'])).rejects.toMatchObject({ code: 'bad_parameter' });
    await expect(watch(client, [])).rejects.toMatchObject({ code: 'access_denied' });
    await using some = await watch(client, ['role', 'nonsense'], { partial: true });
    expect(some.confirmed).toMatchObject([{ kind: 'role' }]);
  });

  test('and its lists agree: what is read, written and deleted is in the copy', async () => {
    await using roles = reflector(client, watchedRoles());
    await using others = await all(client);
    await roles.synced({ timeoutMs: 30_000 });
    expect(others.applications.size).toBe(1);
    const [application] = others.applications.values();
    expect(others.applications.get(`${application!.hostId}/foo`)).toBe(application);
    expect(roles.get('root')?.allow.rules).toMatchObject([{ resources: ['*'] }]);
    const seen: string[] = [];
    const reading = (async () => {
      for await (const change of roles.changes()) if ('key' in change) seen.push(`${change.type} ${change.key}`);
    })();
    const made = await upsertRole(client, newRole({ name: 'deployer', labels: { step: '1' } }));
    await vi.waitFor(() => expect(roles.get('deployer')?.labels).toEqual({ step: '1' }), soon);
    // The watch and the calls tell the same revision: no change is told twice.
    expect(roles.get('deployer')?.revision).toBe(made.revision);
    await upsertRole(client, newRole({ name: 'deployer', labels: { step: '2' } }));
    await vi.waitFor(() => expect(roles.get('deployer')?.labels).toEqual({ step: '2' }), soon);
    await deleteRole(client, 'deployer');
    await vi.waitFor(() => expect(roles.get('deployer')).toBeUndefined(), soon);
    await roles.close();
    await reading;
    expect(seen.slice(-3)).toEqual(['add deployer', 'update deployer', 'delete deployer']);
    // A relist must find nothing to change.
    await using again: Reflector<Role> = reflector(client, watchedRoles(), { resyncMs: 1_000, random: () => 0.5 });
    await again.synced();
    const changes: string[] = [];
    const over = (async () => {
      for await (const change of again.changes()) if (change.type !== 'add') changes.push(change.type);
    })();
    await new Promise((resolve) => setTimeout(resolve, 3_500));
    await again.close();
    await over;
    expect(changes).toEqual(['synced']);
  });

  test('comes back after a restart of the cluster', async () => {
    await using roles = reflector(client, watchedRoles());
    await roles.synced({ timeoutMs: 30_000 });
    const types: string[] = [];
    const reading = (async () => {
      for await (const change of roles.changes()) if (!('key' in change)) types.push(change.type);
    })();
    await teleport.restart();
    await vi.waitFor(() => expect(types).toEqual(['synced', 'disconnected', 'synced']), { ...soon, timeout: 90_000 });
    await teleport.createRole('after', {});
    await vi.waitFor(() => expect(roles.get('after')).toBeDefined(), soon);
    await roles.close();
    await reading;
  });

  test('goes on through a rotation of the user authority, and tells its phases', async () => {
    await using authorities = reflector(client, watchedCertAuthorities());
    await authorities.synced({ timeoutMs: 30_000 });
    const key = `user/${client.server.clusterName}`;
    const phases: string[] = [];
    const reading = (async () => {
      for await (const change of authorities.changes()) {
        if (change.type === 'disconnected') phases.push('disconnected');
        if (change.type === 'update' && change.key === key) phases.push(change.now.rotation?.phase ?? '');
      }
    })();
    for (const phase of ['init', 'update_clients', 'update_servers', 'standby']) {
      await teleport.tctl(['auth', 'rotate', '--manual', '--type=user', `--phase=${phase}`]);
      await vi.waitFor(() => expect(authorities.get(key)?.rotation?.phase).toBe(phase), soon);
    }
    await authorities.close();
    await reading;
    expect(phases).toEqual(['init', 'update_clients', 'update_servers', 'standby']);
  });
});

/** Copies of what else there is, all of them synced. */
async function all(client: Client) {
  const applications = reflector(client, watchedApplicationServers());
  const copies = [
    applications,
    reflector(client, watchedNodes()),
    reflector(client, watchedTokens()),
    reflector(client, watchedUsers()),
  ] as const;
  await Promise.all(copies.map((copy) => copy.synced({ timeoutMs: 30_000 })));
  return {
    applications,
    [Symbol.asyncDispose]: async () => {
      await Promise.all(copies.map((copy) => copy.close()));
    },
  };
}
