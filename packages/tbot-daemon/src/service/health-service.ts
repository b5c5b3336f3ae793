import { status as GrpcStatus, type ServiceError, type UntypedServiceImplementation } from '@grpc/grpc-js';
import type { HealthCheckRequest, HealthCheckResponse } from '@teleport-ts/api-types/proto/grpc/health/v1/health';
import type { Clock } from '@teleport-ts/tbot-core';
import type { Passage } from '../policy/request-limits.ts';

type ServingStatus = HealthCheckResponse['status'];
const SERVING: ServingStatus = 1;
const NOT_SERVING: ServingStatus = 2;
const SERVICE_UNKNOWN: ServingStatus = 3;

/** How often an open Watch looks whether the answer has changed. */
const WATCH_MS = 1000;

interface UnaryCall {
  request: HealthCheckRequest;
}

interface WatchCall extends UnaryCall {
  getPeer(): string;
  write(response: HealthCheckResponse): boolean;
  on(event: 'cancelled' | 'close' | 'error', run: () => void): void;
  emit(event: 'error', error: object): void;
  end(): void;
}

export interface HealthOptions {
  /** Full names of the services of the socket. */
  services: readonly string[];
  isServing: () => boolean;
  /** A place for one that watches, by what grpc-js's `getPeer()` says. */
  open: (peer: string) => Passage;
  /** Aborted when the socket closes. */
  stopping: AbortSignal;
  clock: Clock;
}

/**
 * The standard gRPC health service: serving while the agent can issue, both for the whole and for each service's name.
 */
export function healthService(options: HealthOptions): UntypedServiceImplementation {
  const { services, isServing, open, stopping, clock } = options;
  const state = (service: string): ServingStatus => {
    if (service !== '' && !services.includes(service)) return SERVICE_UNKNOWN;
    return isServing() ? SERVING : NOT_SERVING;
  };
  return {
    check: (call: UnaryCall, answer: (error: Partial<ServiceError> | null, response?: HealthCheckResponse) => void) => {
      const now = state(call.request.service);
      if (now === SERVICE_UNKNOWN) answer({ code: GrpcStatus.NOT_FOUND, details: 'no such service on this socket' });
      else answer(null, { status: now });
    },
    watch: (call: WatchCall) => {
      const place = open(call.getPeer());
      if (!place.ok) {
        call.emit('error', { code: GrpcStatus.RESOURCE_EXHAUSTED, details: place.message });
        return;
      }
      let said: ServingStatus | undefined;
      let over = false;
      const look = (): void => {
        if (over) return;
        const now = state(call.request.service);
        if (now !== said) call.write({ status: now });
        said = now;
        timer = clock.setTimer(WATCH_MS, look);
      };
      let timer = clock.setTimer(0, look);
      const end = (): void => {
        over = true;
        timer.cancel();
        place.release();
        stopping.removeEventListener('abort', onStop);
      };
      const onStop = (): void => {
        end();
        call.end();
      };
      stopping.addEventListener('abort', onStop, { once: true });
      call.on('cancelled', end);
      call.on('close', end);
      call.on('error', end);
    },
  } as unknown as UntypedServiceImplementation;
}
