import {
  type GenericDefinition,
  type GenericMethod,
  type MethodName,
  methodPath,
  type RequestInput,
} from '@teleport-ts/api-types';
import type { Caller, Scene } from './scene.ts';

/** One question that is put to a real cluster and to this one. */
export interface Comparison {
  readonly name: string;
  readonly caller: Caller;
  readonly question: Question;
  /** Names of fields that may differ, or the ends of their paths: `HostID`, `App.Metadata.Revision`. */
  readonly ignore?: readonly string[];
  /** Only the status code is compared: the text is that of the real one's database, or lists memory addresses. */
  readonly codeOnly?: true;
  /** The real cluster answers from a cache that learns of a change a second later: it is asked until it agrees. */
  readonly eventually?: true;
  /** Why the answers differ. The list fails when they no longer do. */
  readonly differs?: string;
  /** Where they differ, as in `ignore`; they must agree elsewhere. Without it they may differ anywhere. */
  readonly at?: readonly string[];
}

/** The reason of what this cluster does not do at all: its README names it. */
export const notModelled = 'not modelled: answered as a method that is not implemented';

export type Question = GrpcQuestion | HttpQuestion;

export interface GrpcQuestion {
  readonly path: string;
  /** Absent for methods that no definition has: then nothing is sent and nothing is read. */
  readonly method?: GenericMethod;
  readonly request: (scene: Scene) => unknown;
  /** Of an answer in many messages, how many are waited for. Default: all. */
  readonly messages?: number;
}

export interface HttpQuestion {
  readonly http: 'GET' | 'POST';
  readonly path: string;
  readonly body: (scene: Scene) => unknown;
}

type Asked<T> = T | ((scene: Scene) => T | Promise<T>);

/** A call of a method, with its request or with what makes the request of what is in the cluster. */
export function call<D extends GenericDefinition, N extends MethodName<D>>(
  definition: D,
  name: N,
  request: Asked<RequestInput<D['methods'][N]>>,
  messages?: number,
): GrpcQuestion {
  return {
    path: methodPath(definition, name),
    method: definition.methods[name] as GenericMethod,
    request: asked(request),
    ...(messages !== undefined && { messages }),
  };
}

/** A call by its path alone, with an empty request. */
export function callPath(path: string): GrpcQuestion {
  return { path, request: () => undefined };
}

/** A request to the proxy's web port. */
export function web(http: HttpQuestion['http'], path: string, body?: Asked<unknown>): HttpQuestion {
  return { http, path, body: asked(body) };
}

function asked<T>(request: Asked<T>): (scene: Scene) => unknown {
  return typeof request === 'function' ? (request as (scene: Scene) => unknown) : () => request;
}
