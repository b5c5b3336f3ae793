import {
  type Clock,
  type Destination,
  DirectoryDestination,
  MemoryDestination,
  type StoreConfig,
} from '@teleport-ts/tbot-core';
import { flockLocker } from './flock.ts';

/** The file that Go's tbot proves with, too, that it can write. */
const WRITE_TEST = '.write-test';

/**
 * Opens the place of the bot's own identity and proves that it can be written, before a token is spent on an identity
 * that could not be kept.
 */
export async function openStore(config: StoreConfig, clock: Clock): Promise<Destination> {
  if (config.type === 'memory') return new MemoryDestination();
  const locker = flockLocker();
  const store = await DirectoryDestination.open(config.path, locker ? { locker } : {});
  await store.write({ [WRITE_TEST]: `${new Date(clock.now()).toISOString()} ${process.pid}\n` });
  return store;
}
