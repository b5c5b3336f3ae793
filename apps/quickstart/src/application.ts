import { readFile } from 'node:fs/promises';
import { request } from 'node:https';
import { join } from 'node:path';

/** Calls the application behind the proxy with the files that `tbot generate` wrote. */
export async function callApplication(url: string, folder: string, webCaPath: string): Promise<string> {
  const [cert, key, ca] = await Promise.all([
    readFile(join(folder, 'tlscert')),
    readFile(join(folder, 'key')),
    readFile(webCaPath),
  ]);
  return new Promise((resolve, reject) => {
    const call = request(url, { cert, key, ca, timeout: 10_000, agent: false }, (answer) => {
      let body = '';
      answer.setEncoding('utf8');
      answer.on('data', (chunk: string) => {
        body += chunk;
      });
      answer.on('end', () => {
        if (answer.statusCode === 200) resolve(body);
        else reject(new Error(`${url} answers ${answer.statusCode}: ${body}`));
      });
    });
    call.on('timeout', () => call.destroy(new Error(`${url} does not answer`)));
    call.on('error', reject);
    call.end();
  });
}
