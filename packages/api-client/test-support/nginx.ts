import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '@teleport-ts/dev-cluster/testing';
import { webCertificate } from './pki.ts';

/** Whether nginx is installed (Debian: `apt-get install nginx`). */
export const hasNginx: boolean = spawnSync('nginx', ['-v']).status === 0;
if (!hasNginx) console.log('tests with nginx are skipped: it is not installed');

interface BalancerOptions {
  /** Where it passes requests on to, `https://localhost:443`. */
  readonly to: string;
  /** It speaks HTTP/2 with clients. */
  readonly http2?: boolean;
  /** It passes the Upgrade header on, as a balancer should. Default true. */
  readonly upgrades?: boolean;
}

/** A load balancer that ends TLS, with a certificate for `localhost` of its own. */
export interface Balancer extends AsyncDisposable {
  readonly address: string;
  readonly ca: string;
}

export async function nginx({ to, http2 = false, upgrades = true }: BalancerOptions): Promise<Balancer> {
  const folder = await mkdtemp(join(tmpdir(), 'nginx-'));
  const { key, cert, ca } = webCertificate();
  const port = (await freePorts(1))[0]!;
  await writeFile(join(folder, 'web.key'), key, { mode: 0o600 });
  await writeFile(join(folder, 'web.pem'), cert);
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder};`);
  const config = `
    daemon off; master_process off; error_log ${folder}/error.log; pid ${folder}/pid;
    events { worker_connections 256; }
    http {
      access_log off; ${temporary.join(' ')}
      map $http_upgrade $wanted { default upgrade; '' close; }
      server {
        listen 127.0.0.1:${port} ssl${http2 ? ' http2' : ''};
        ssl_certificate ${folder}/web.pem; ssl_certificate_key ${folder}/web.key;
        location / {
          proxy_pass ${to}; proxy_ssl_verify off; proxy_http_version 1.1;
          proxy_set_header Host $host:$server_port;
          ${upgrades ? 'proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $wanted;' : ''}
        }
      }
    }`;
  await writeFile(join(folder, 'nginx.conf'), config);
  const child = spawn('nginx', ['-p', folder, '-c', join(folder, 'nginx.conf')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let told = '';
  child.stderr.on('data', (text: Buffer) => {
    told += text.toString();
  });
  while (!(await listens(port))) {
    if (child.exitCode !== null) throw new Error(`nginx ended at start: ${told}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return {
    address: `localhost:${port}`,
    ca,
    async [Symbol.asyncDispose]() {
      const ended = once(child, 'exit');
      child.kill();
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    const end = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => end(true)).once('error', () => end(false));
  });
}
