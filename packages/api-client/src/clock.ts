export { type Clock, systemClock, type Timer } from '@teleport-ts/api-types';
