/**
 * Connections to nodes through a proxy, for programs that speak SSH themselves or hand the bytes to one that does.
 *
 * @module
 */
export { type NodeStreamOptions, openNodeStream } from './dialing/node-stream.ts';
