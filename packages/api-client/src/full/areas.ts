// All that becomes a method of a full client: functions whose first argument is a client.
export * from '../areas/access-requests.ts';
export * from '../areas/app-sessions.ts';
export * from '../areas/applications.ts';
export * from '../areas/audit-events.ts';
export * from '../areas/authorities.ts';
export * from '../areas/bots.ts';
export * from '../areas/cluster.ts';
export * from '../areas/databases.ts';
export * from '../areas/kubernetes-clusters.ts';
export * from '../areas/locks.ts';
export * from '../areas/nodes.ts';
export * from '../areas/plugin-data.ts';
export * from '../areas/roles.ts';
export * from '../areas/tokens.ts';
export * from '../areas/users.ts';
export { watch } from '../watch/watch.ts';
