export { FakeClock } from '@teleport-ts/api-types/testing';
