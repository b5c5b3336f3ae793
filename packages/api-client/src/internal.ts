/**
 * For the packages of this repository: may change in any release.
 *
 * @module
 */
export { anonymous } from './credentials/anonymous.ts';
export { credentialSet } from './credentials/credential-set.ts';
export { type Address, formatAddress, parseAddress } from './dialing/address.ts';
export { Connection, type ConnectionOptions } from './dialing/connection.ts';
export { type Route, route } from './dialing/route.ts';
export { AUTH_SERVER_NAME, authAlpn } from './dialing/target.ts';
export { needsUpgrade, upgradeByEnvironment } from './dialing/upgrade-test.ts';
