/**
 * Connections to nodes through a proxy, for programs that speak SSH themselves or hand the bytes to one that does.
 *
 * @module
 */
export type { CredentialParts, CredentialSource } from './credentials/credential-source.ts';
export { loadIdentityFile } from './credentials/identity-file.ts';
export { loadTLS } from './credentials/load-tls.ts';
export { type NodeStreamOptions, openNodeStream } from './dialing/node-stream.ts';
