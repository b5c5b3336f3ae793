/**
 * Changes of a cluster's resources: {@link watch} tells them as they come, {@link reflector} keeps a copy that survives
 * breaks.
 *
 * @module
 */
export type { IndexKeys } from './local-copy.ts';
export { type Reflector, type ReflectorOptions, reflector } from './reflector.ts';
export type { ReflectorChange } from './reflector-change.ts';
export { type Watch, type WatchedKindFields, type WatchOptions, watch } from './watch.ts';
export type { DeletedResource, WatchEvent, WatchedResource } from './watch-event.ts';
export { sameRevision, type WatchedKind } from './watched-kind.ts';
export {
  watchedAccessRequests,
  watchedApplicationServers,
  watchedCertAuthorities,
  watchedDatabaseServers,
  watchedKubernetesServers,
  watchedLocks,
  watchedNodes,
  watchedRoles,
  watchedTokens,
  watchedUsers,
} from './watched-kinds.ts';
