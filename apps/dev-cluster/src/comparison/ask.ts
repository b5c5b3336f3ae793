import { request } from 'node:https';
import type { WireClient } from '../testing/wire-client.ts';
import type { Comparison, GrpcQuestion, HttpQuestion } from './comparison.ts';
import { type Outcome, plain, plainText } from './outcome.ts';
import type { Scene } from './scene.ts';

/** Puts a question to one of the clusters. */
export async function ask(scene: Scene, { question, caller }: Comparison): Promise<Outcome> {
  return 'http' in question ? askWeb(scene, question) : askAuth(scene, scene.client(caller), question);
}

async function askAuth(scene: Scene, client: WireClient, question: GrpcQuestion): Promise<Outcome> {
  const { path, method } = question;
  const input = await question.request(scene);
  try {
    if (!method) {
      await client.raw(
        path,
        undefined,
        () => Buffer.alloc(0),
        (bytes) => bytes,
      );
      return { answer: '<bytes>' };
    }
    const definition = { name: '', fullName: path.split('/')[1] as string, methods: { method } };
    if (!method.responseStream) return { answer: plain(await client.call(definition, 'method', input)) };
    const stream = client.stream(definition, 'method', input);
    const messages: unknown[] = [];
    const limit = question.messages ?? Number.POSITIVE_INFINITY;
    try {
      for await (const message of stream) {
        messages.push(message);
        if (messages.length >= limit) break;
      }
    } finally {
      // Breaking off ends the iteration before the cancelled call says so.
      stream.on('error', () => {});
      stream.cancel();
    }
    return { answer: plain(messages) };
  } catch (error) {
    const { code, details } = error as { code?: number; details?: string };
    if (code === undefined) throw error;
    // The real one sends texts that end in a blank as they are, and Node's HTTP/2 drops such a header.
    return { code, details: details?.endsWith(' ') ? '' : plainText(details ?? '') };
  }
}

async function askWeb(scene: Scene, question: HttpQuestion): Promise<Outcome> {
  const [host, port] = scene.stage.proxyAddress.split(':');
  const body = await question.body(scene);
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const call = request(
      {
        host,
        port,
        path: question.path,
        method: question.http,
        ca: scene.stage.webCaPem,
        agent: false,
        headers: text === undefined ? {} : { 'content-type': 'application/json' },
      },
      (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.once('end', () => {
          resolve({ status: answer.statusCode ?? 0, body: plain(readBody(Buffer.concat(chunks).toString())) });
        });
      },
    );
    call.once('error', reject);
    call.end(text);
  });
}

/** JSON with its base64 texts decoded, or the text as it is. */
function readBody(text: string): unknown {
  try {
    return decoded(JSON.parse(text));
  } catch {
    return text;
  }
}

function decoded(value: unknown): unknown {
  if (typeof value === 'string' && /^[A-Za-z0-9+/]{100,}=*$/.test(value)) return Buffer.from(value, 'base64');
  if (Array.isArray(value)) return value.map(decoded);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, decoded(field)]));
}
