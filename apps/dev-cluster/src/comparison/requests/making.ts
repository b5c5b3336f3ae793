import type { RequestInput } from '@teleport-ts/api-types';
import { AuthServiceDefinition as Auth } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import { type Comparison, call, type GrpcQuestion } from '../comparison.ts';
import type { Caller, Scene } from '../scene.ts';

// What the questions about access requests are made of.

export type Methods = (typeof Auth)['methods'];
export type Request = RequestInput<Methods['createAccessRequestV2']>;
export type Spec = NonNullable<Request['Spec']>;

export const hour = 3_600_000;
export const day: number = 24 * hour;
export const pending = 1 as const;
export const approved = 2 as const;
export const denied = 3 as const;
export const promoted = 4 as const;
export const anyId = '00000000-0000-4000-8000-000000000000';

export const request = (spec: Spec, name: string = anyId): Request => ({
  Metadata: { Name: name },
  Spec: { User: 'kate', Roles: ['granted-a'], ...spec },
});
export const create = (spec: Spec | ((it: Scene) => Spec) = {}, name?: string): GrpcQuestion =>
  call(Auth, 'createAccessRequestV2', (it) => request(typeof spec === 'function' ? spec(it) : spec, name));

/** A question about a request that was made for it alone. */
export const about = <N extends 'setAccessRequestState' | 'submitAccessReview' | 'deleteAccessRequest'>(
  method: N,
  ask: (id: string) => RequestInput<Methods[N]>,
  spec: Spec = {},
): GrpcQuestion => call(Auth, method, async (it) => ask(await made(it, spec)) as never);

export async function made(it: Scene, spec: Spec = {}, caller: Caller = 'kate'): Promise<string> {
  const answer = await it.client(caller).call(Auth, 'createAccessRequestV2', request(spec));
  return answer.Metadata?.Name ?? '';
}

export const decided = async (it: Scene, State: 1 | 2 | 3, spec: Spec = {}, caller?: Caller): Promise<string> => {
  const ID = await made(it, spec, caller);
  await it.client('admin').call(Auth, 'setAccessRequestState', { ID, State });
  return ID;
};

export const byId = (
  caller: Caller,
  id: (it: Scene) => Promise<string>,
): Pick<Comparison, 'caller' | 'question' | 'ignore'> => ({
  caller,
  question: call(Auth, 'getAccessRequestsV2', async (it) => ({ ID: await id(it) })),
  ignore: ['Revision'],
});

export const setState = (more: object, spec?: Spec): GrpcQuestion =>
  about('setAccessRequestState', (ID) => ({ ID, ...more }), spec);
