/**
 * For the tests of programs that use a client: a cluster in memory whose answers the test writes.
 *
 * @module
 */
export { FakeClock } from '@teleport-ts/api-types/testing';
export { type FakeCallRecord, FakeCluster, type FakeClusterOptions } from './fake-cluster.ts';
export { FakeEvents, type FakeResource } from './fake-events.ts';
export { type FakeFault, FakeFaults } from './fake-faults.ts';
export type { FakeCallContext, FakeHandler, FakeHandlers } from './fake-handlers.ts';
