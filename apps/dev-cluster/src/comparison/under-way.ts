import { AuthServiceDefinition as Auth } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import type { Scene } from './scene.ts';

/**
 * What the reader of an open watch is told after its user was locked and a new call of it refused: of each event that
 * arrives what it is about, and at the end the lock that ended it, if one did.
 */
export async function watchedUnderLock(scene: Scene): Promise<string[]> {
  const [admin, bob] = [scene.client('admin'), scene.client('bob')];
  const watch = bob.stream(Auth, 'watchEvents', { Kinds: [{ Kind: 'node' }] });
  const told: string[] = [];
  const events = watch[Symbol.asyncIterator]();
  const next = async (): Promise<void> => {
    const { value, done } = await events.next();
    told.push(done ? 'end' : `${value.Type} ${value.Resource?.$case} ${value.Resource?.value.Metadata?.Name}`);
  };
  await next();
  await admin.call(Auth, 'upsertLock', { Metadata: { Name: 'lock-watch' }, Spec: { Target: { User: 'bob' } } });
  try {
    while (await isServed(scene)) await new Promise((resolve) => setTimeout(resolve, 50));
    const heartbeat = { Kind: 'node', Version: 'v2', Metadata: { Name: 'n-watched' }, Spec: { Hostname: 'watched' } };
    await admin.call(Auth, 'upsertNode', heartbeat);
    await next();
  } finally {
    watch.on('error', () => {});
    watch.cancel();
    await admin.call(Auth, 'deleteLock', { Name: 'lock-watch' });
    await admin.call(Auth, 'deleteNode', { Name: 'n-watched', Namespace: 'default' });
  }
  return told;
}

const isServed = (scene: Scene): Promise<boolean> =>
  scene
    .client('bob')
    .call(Auth, 'ping', {})
    .then(
      () => true,
      () => false,
    );
