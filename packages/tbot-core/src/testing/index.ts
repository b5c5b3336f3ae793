/**
 * For the tests of programs that ask for credentials: a host in memory, with time, rotations and faults to drive.
 *
 * @module
 */
export { FakeClock } from '@teleport-ts/api-types/testing';
export { type MemoryFault, MemoryFaults } from './memory-faults.ts';
export { MemoryHost, type MemoryHostOptions } from './memory-host.ts';
