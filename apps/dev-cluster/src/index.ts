export { type Clock, systemClock, type Timer } from './clock.ts';
export {
  type Application,
  DevCluster,
  type DevClusterOptions,
  type LeafOptions,
  type LockFields,
  type RotationPhase,
} from './dev-cluster.ts';
export type { UserCredentials, UserCredentialsRequest } from './issuing/user-credentials.ts';
export type { Logger } from './logger.ts';
export type { AuthorityType } from './pki/cert-authority.ts';
export type { DemoAnswer } from './proxy/demo-application.ts';
export type { Fault, Faults } from './rpc/faults.ts';
export type { ReceivedCall, ReceivedCalls } from './rpc/received-calls.ts';
export type { ApplicationFields } from './state/applications.ts';
export type { BotFields } from './state/bots.ts';
export type { LabelSelector, RoleFields, RoleGrants } from './state/role-fields.ts';
export type { BotTokenFields } from './state/tokens.ts';
export type { UserFields } from './state/users.ts';
