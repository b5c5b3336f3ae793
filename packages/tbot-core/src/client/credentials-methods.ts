import {
  CaRotation,
  DescribeRequest,
  DescribeResponse,
  GenerateIdentityRequest,
  GenerateIdentityResponse,
  GetStatusRequest,
  GetStatusResponse,
  ListenForRotationRequest,
  WatchIdentityRequest,
  WatchIdentityResponse,
} from '../gen/tbot/credentials/v1/credentials.ts';
import type { GrpcMethod } from './grpc-caller.ts';

// Single methods, so that a program that uses one does not carry the messages of all.

const SERVICE = '/tbot.credentials.v1.DynamicCredentials';

export const generateIdentityMethod: GrpcMethod<GenerateIdentityRequest, GenerateIdentityResponse> = {
  path: `${SERVICE}/GenerateIdentity`,
  encode: (request) => GenerateIdentityRequest.encode(request).finish(),
  decode: (message) => GenerateIdentityResponse.decode(message),
};

export const describeMethod: GrpcMethod<DescribeRequest, DescribeResponse> = {
  path: `${SERVICE}/Describe`,
  encode: (request) => DescribeRequest.encode(request).finish(),
  decode: (message) => DescribeResponse.decode(message),
};

export const getStatusMethod: GrpcMethod<GetStatusRequest, GetStatusResponse> = {
  path: `${SERVICE}/GetStatus`,
  encode: (request) => GetStatusRequest.encode(request).finish(),
  decode: (message) => GetStatusResponse.decode(message),
};

export const listenForRotationMethod: GrpcMethod<ListenForRotationRequest, CaRotation> = {
  path: `${SERVICE}/ListenForRotation`,
  encode: (request) => ListenForRotationRequest.encode(request).finish(),
  decode: (message) => CaRotation.decode(message),
};

export const watchIdentityMethod: GrpcMethod<WatchIdentityRequest, WatchIdentityResponse> = {
  path: `${SERVICE}/WatchIdentity`,
  encode: (request) => WatchIdentityRequest.encode(request).finish(),
  decode: (message) => WatchIdentityResponse.decode(message),
};
