export * from './destination-host.ts';
export * from './identity.ts';
export * from './identity-route.ts';
export * from './logger.ts';
export * from './trusted-authority.ts';
