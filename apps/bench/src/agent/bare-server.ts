import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData } from '@grpc/grpc-js';
import type { Run } from '../process/helper.ts';

/** A server of bare grpc-js with one method, on a unix socket. */
export const run: Run<{ readonly socket: string }, null> = async ({ socket }) => {
  const server = new Server();
  const asIs = (bytes: Buffer): Buffer => bytes;
  server.register(
    '/bench.Echo/Call',
    (call: ServerUnaryCall<Buffer, Buffer>, answer: sendUnaryData<Buffer>) => answer(null, call.request),
    asIs,
    asIs,
    'unary',
  );
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(`unix:${socket}`, ServerCredentials.createInsecure(), (error) =>
      error ? reject(error) : resolve(),
    );
  });
  return { ready: null };
};
