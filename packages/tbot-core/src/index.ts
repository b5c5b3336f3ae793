export * from './bot-types.ts';
export * from './clock.ts';
export * from './destination-host.ts';
export * from './identity-route.ts';
export * from './identity.ts';
export * from './logger.ts';
export * from './trusted-authority.ts';
