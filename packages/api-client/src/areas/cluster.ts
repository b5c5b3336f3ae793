import { ClusterConfigServiceDefinition } from '@teleport-ts/api-types/proto/teleport/clusterconfig/v1/cluster_config_service';
import type { AuthPreferenceV2 } from '@teleport-ts/api-types/proto/teleport/types/auth_preference';
import { type AuthPreference, authPreferenceView } from '@teleport-ts/api-types/resources/auth-preference';
import { type ClusterName, clusterNameView } from '@teleport-ts/api-types/resources/cluster-name';
import type { CallOptions } from '../calls/call-options.ts';
import type { Caller } from '../calls/caller.ts';
import { given } from './required.ts';

/** The name and the id of the cluster that the client talks to. */
export async function getClusterName(client: Caller, options?: CallOptions): Promise<ClusterName> {
  return clusterNameView(await client.unary(ClusterConfigServiceDefinition, 'getClusterName', {}, options));
}

/** How people log in, and which keys are made. */
export async function getAuthPreference(client: Caller, options?: CallOptions): Promise<AuthPreference> {
  return authPreferenceView(await client.unary(ClusterConfigServiceDefinition, 'getAuthPreference', {}, options));
}

/**
 * Replaces the preference as it was read, if nobody else has since.
 *
 * ```ts
 * const preference = await getAuthPreference(client);
 * await updateAuthPreference(client, newAuthPreference({ ...preference, messageOfTheDay: 'mind the step' }));
 * ```
 *
 * @throws TeleportError `compare_failed` for another revision than the one that was read
 */
export async function updateAuthPreference(
  client: Caller,
  preference: AuthPreferenceV2,
  options?: CallOptions,
): Promise<AuthPreference> {
  const request = { authPreference: given('auth preference', preference) };
  return authPreferenceView(
    await client.unary(ClusterConfigServiceDefinition, 'updateAuthPreference', request, options),
  );
}

/** Replaces the preference whatever it is by now. */
export async function upsertAuthPreference(
  client: Caller,
  preference: AuthPreferenceV2,
  options?: CallOptions,
): Promise<AuthPreference> {
  const request = { authPreference: given('auth preference', preference) };
  return authPreferenceView(
    await client.unary(ClusterConfigServiceDefinition, 'upsertAuthPreference', request, options),
  );
}

/** Back to the defaults of Teleport. What stands in the configuration file of the cluster cannot be reset. */
export async function resetAuthPreference(client: Caller, options?: CallOptions): Promise<AuthPreference> {
  return authPreferenceView(await client.unary(ClusterConfigServiceDefinition, 'resetAuthPreference', {}, options));
}
