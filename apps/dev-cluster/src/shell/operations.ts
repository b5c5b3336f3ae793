import { parseTlsIdentity, TeleportError } from '@teleport-ts/api-types';
import type { DevCluster } from '../dev-cluster.ts';
import type { UserCredentials, UserCredentialsRequest } from '../issuing/user-credentials.ts';
import type { AuthorityType } from '../pki/cert-authority.ts';
import type { RotationPhase } from '../rotation/phases.ts';
import { type AddingOperations, adding } from './adding.ts';
import { KIND_NAMES, kindNamed } from './kind-names.ts';
import { allOf, oneOf, type Shown } from './kinds.ts';
import { remove } from './removing.ts';

/** How an operation reaches its cluster. */
export interface Circumstances {
  /** Whether the cluster runs, or there are only its files. */
  readonly running: boolean;
}

/** What `dev-cluster status` tells. */
export interface ClusterStatus {
  readonly name: string;
  readonly running: boolean;
  /** Of the process that runs it. */
  readonly pid?: number;
  /** `127.0.0.1:port`, now or when it last ran. */
  readonly authAddress: string;
  readonly proxyAddress: string;
  readonly caPins: readonly string[];
  readonly webCaPath?: string;
  /** How many resources there are of each kind. */
  readonly resources: Readonly<Record<string, number>>;
}

/** A signed credential, until when it is good, and where. */
export interface SignedCredentials extends UserCredentials {
  readonly expires: string;
  readonly authAddress: string;
}

/**
 * What the shell can do to a cluster. An operation gets and gives JSON alone, since it may come over a socket, and is done
 * before anything else happens to the cluster, or not at all.
 */
interface Operations extends AddingOperations {
  status(cluster: DevCluster, fields: object, circumstances: Circumstances): ClusterStatus;
  list(cluster: DevCluster, fields: { readonly kind: string }): Shown[];
  get(cluster: DevCluster, fields: { readonly kind: string; readonly name: string }): Shown;
  remove(cluster: DevCluster, fields: { readonly kind: string; readonly name: string }): Shown;
  rotate(cluster: DevCluster, fields: { readonly authority: string; readonly phase: string }): Promise<Shown>;
  sign(cluster: DevCluster, request: UserCredentialsRequest): Promise<SignedCredentials>;
}

const operations: Operations = {
  ...adding,
  status(cluster, _fields, { running }) {
    const { name, authAddress, proxyAddress, caPins, webCaPath } = cluster;
    return {
      ...{ name, running, authAddress, proxyAddress, caPins },
      ...(running && { pid: process.pid }),
      ...(webCaPath !== undefined && { webCaPath }),
      resources: Object.fromEntries(KIND_NAMES.map((kind) => [kind, allOf(cluster.context, kind).length])),
    };
  },
  list: ({ context }, { kind }) => allOf(context, kindNamed(kind)),
  get: ({ context }, { kind, name }) => oneOf(context, kindNamed(kind), name),
  remove(cluster, { kind, name }) {
    const resource = oneOf(cluster.context, kindNamed(kind), name);
    remove(cluster, resource);
    return resource;
  },
  async rotate(cluster, { authority, phase }) {
    await cluster.rotate(oneOf(cluster.context, 'authority', authority).name as AuthorityType, phase as RotationPhase);
    return oneOf(cluster.context, 'authority', authority);
  },
  async sign(cluster, request) {
    oneOf(cluster.context, 'user', request.user);
    const credentials = await cluster.issueUserCredentials(request);
    const { notAfter } = parseTlsIdentity(credentials.cert);
    return { ...credentials, expires: notAfter.toISOString(), authAddress: cluster.authAddress };
  },
};

export type OperationName = keyof Operations;
export type FieldsOf<N extends OperationName> = Parameters<Operations[N]>[1];
export type ResultOf<N extends OperationName> = Awaited<ReturnType<Operations[N]>>;

/** Does an operation by its name, as it came from the command line or over a socket. */
export async function perform<N extends OperationName>(
  cluster: DevCluster,
  circumstances: Circumstances,
  name: N,
  fields: FieldsOf<N>,
): Promise<ResultOf<N>> {
  if (!Object.hasOwn(operations, name)) {
    throw new TeleportError('not_implemented', `the cluster does not know the command ${JSON.stringify(name)}`, {
      hint: 'use the dev-cluster that started it',
    });
  }
  const operation = operations[name] as (
    cluster: DevCluster,
    fields: FieldsOf<N>,
    circumstances: Circumstances,
  ) => ResultOf<N> | Promise<ResultOf<N>>;
  return await operation(cluster, fields, circumstances);
}
