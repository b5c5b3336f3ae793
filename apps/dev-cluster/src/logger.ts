export { type Logger, silentLogger } from '@teleport-ts/api-types';
