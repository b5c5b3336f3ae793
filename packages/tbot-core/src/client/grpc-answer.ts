import { constants, type IncomingHttpHeaders } from 'node:http2';
import { GrpcCode } from '@teleport-ts/api-types';
import { GrpcFailure } from './grpc-failure.ts';

// How an HTTP/2 answer reads as a gRPC status: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md and
// http-grpc-status-mapping.md beside it.

const STATUS_OF_HTTP: Readonly<Record<number, number>> = {
  400: GrpcCode.INTERNAL,
  401: GrpcCode.UNAUTHENTICATED,
  403: GrpcCode.PERMISSION_DENIED,
  404: GrpcCode.UNIMPLEMENTED,
  429: GrpcCode.UNAVAILABLE,
  502: GrpcCode.UNAVAILABLE,
  503: GrpcCode.UNAVAILABLE,
  504: GrpcCode.UNAVAILABLE,
};

/** Reads the status that headers carry; undefined when they carry none. */
export function statusIn(headers: IncomingHttpHeaders): GrpcFailure | 'ok' | undefined {
  const text = single(headers['grpc-status']);
  if (text === undefined) return undefined;
  if (!/^\d{1,3}$/.test(text)) {
    return new GrpcFailure(GrpcCode.UNKNOWN, `received the status ${JSON.stringify(text)}`, { trailers: headers });
  }
  const code = Number(text);
  if (code === GrpcCode.OK) return 'ok';
  return new GrpcFailure(code, decodeMessage(single(headers['grpc-message']) ?? ''), { trailers: headers });
}

/** What is wrong with the headers of an answer, apart from a status they may carry. */
export function headerFailure(headers: IncomingHttpHeaders): GrpcFailure | undefined {
  const http = Number(headers[':status']);
  if (http !== 200) {
    const code = STATUS_OF_HTTP[http] ?? GrpcCode.UNKNOWN;
    return new GrpcFailure(code, `received HTTP status ${http}`, { trailers: headers });
  }
  const type = single(headers['content-type']) ?? '';
  if (!/^application\/grpc(?:[+;]|$)/i.test(type)) {
    return new GrpcFailure(GrpcCode.UNKNOWN, `received content-type ${JSON.stringify(type)}, which is not gRPC`);
  }
  return undefined;
}

/** What a stream that ended without a status means. */
export function resetFailure(rstCode: number): GrpcFailure {
  switch (rstCode) {
    case constants.NGHTTP2_REFUSED_STREAM:
      return new GrpcFailure(GrpcCode.UNAVAILABLE, 'the server refused the call', { notProcessed: true });
    case constants.NGHTTP2_CANCEL:
      return new GrpcFailure(GrpcCode.CANCELLED, 'the server cancelled the call');
    case constants.NGHTTP2_ENHANCE_YOUR_CALM:
      return new GrpcFailure(GrpcCode.RESOURCE_EXHAUSTED, 'the server asks for fewer calls');
    case constants.NGHTTP2_INADEQUATE_SECURITY:
      return new GrpcFailure(GrpcCode.PERMISSION_DENIED, 'the server asks for a more secure connection');
    case constants.NGHTTP2_NO_ERROR:
      return new GrpcFailure(GrpcCode.INTERNAL, 'the answer ended without a status');
    default:
      return new GrpcFailure(GrpcCode.INTERNAL, `the server reset the call (HTTP/2 error code ${rstCode})`);
  }
}

/** Undoes the percent-encoding of `grpc-message`; what is not well encoded stays as it came. */
export function decodeMessage(text: string): string {
  return text.replace(/(?:%[0-9A-Fa-f]{2})+/g, (run) => Buffer.from(run.replaceAll('%', ''), 'hex').toString('utf8'));
}

/** Bytes of a `-bin` trailer; the first of several. */
export function binaryTrailer(trailers: IncomingHttpHeaders, name: `${string}-bin`): Buffer | undefined {
  const text = single(trailers[name])?.split(',', 1)[0];
  return text === undefined ? undefined : Buffer.from(text, 'base64');
}

/** Longest value that `grpc-timeout` holds has eight digits; the unit grows with it. */
export function timeoutHeader(timeoutMs: number): string {
  let value = Math.max(1, Math.ceil(timeoutMs));
  for (const [unit, next] of [
    ['m', 1000],
    ['S', 60],
    ['M', 60],
  ] as const) {
    if (value < 1e8) return `${value}${unit}`;
    value = Math.ceil(value / next);
  }
  return `${Math.min(value, 99_999_999)}H`;
}

function single(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}
