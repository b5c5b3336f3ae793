import { once } from 'node:events';
import { type AddressInfo, createServer as createTcpServer, type Server as TcpServer } from 'node:net';
import { type ConnectionOptions, connect, createServer } from 'node:tls';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { systemClock } from '../clock.ts';
import { WebAuthority } from '../pki/web-certificate.ts';
import { ClientCertificateError } from './client-certificate.ts';
import { ALERT, TlsAlerts } from './tls-alert.ts';

const credentials = new WebAuthority({ clock: systemClock }).issue();
let error: unknown;
let front: TcpServer;

beforeAll(async () => {
  const server = createServer({ ...credentials, requestCert: true, rejectUnauthorized: false });
  const alerts = new TlsAlerts(server);
  server.on('secureConnection', (socket) =>
    alerts.refuse(
      socket.on('error', () => {}),
      error,
    ),
  );
  front = createTcpServer((raw) => {
    alerts.connected(raw.on('error', () => {}));
    server.emit('connection', raw);
  });
  front.listen(0, '127.0.0.1');
  await once(front, 'listening');
});

afterAll(async () => {
  await new Promise((resolve) => front.close(resolve));
});

async function end(options: ConnectionOptions, says = ''): Promise<string> {
  const { port } = front.address() as AddressInfo;
  const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ...options });
  let code = 'closed';
  socket.on('error', (failure: NodeJS.ErrnoException) => {
    code = failure.code ?? failure.message;
  });
  socket.once('secureConnect', () => says && socket.write(says));
  socket.resume();
  await new Promise((resolve) => socket.once('close', resolve));
  return code;
}

it.each([
  [ALERT.unknownCa, 'ERR_SSL_TLSV1_ALERT_UNKNOWN_CA'],
  [ALERT.certificateExpired, 'ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED'],
  [ALERT.badCertificate, 'ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE'],
])('the alert %i arrives as %s, whatever the cipher, with and without a certificate', async (alert, code) => {
  error = new ClientCertificateError('no', { alert });
  for (const cipher of ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256']) {
    expect(await end({ ciphers: cipher }), cipher).toBe(code);
    expect(await end({ ciphers: cipher, ...credentials }, 'hello'), cipher).toBe(code);
  }
});

it('TLS 1.2 is just closed, and so is what is refused for another reason', async () => {
  error = new ClientCertificateError('no', { alert: ALERT.unknownCa });
  expect(await end({ maxVersion: 'TLSv1.2' })).toMatch(/^(closed|ECONNRESET)$/);
  error = new ClientCertificateError('no');
  expect(await end({})).toMatch(/^(closed|ECONNRESET)$/);
  error = new Error('anything');
  expect(await end({})).toMatch(/^(closed|ECONNRESET)$/);
});
