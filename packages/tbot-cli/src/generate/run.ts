import { formatGoDuration } from '@teleport-ts/api-types';
import {
  DirectoryDestination,
  type OutputResult,
  SocketHost,
  writeApplicationOutput,
} from '@teleport-ts/tbot-core/client';
import type { GeneratePlan } from './plan.ts';

/** What is printed: the result, and remarks beside it. */
export interface GenerateReport {
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Asks the agent and writes the files. The directory is opened first: what cannot be written is not asked for, since
 * every application certificate leaves a session in the cluster. One that was made for nothing goes away again.
 */
export async function runGenerate(plan: GeneratePlan, userAgent: string): Promise<GenerateReport> {
  const { socket, request, timeoutMs, specificTlsNaming } = plan;
  const host = new SocketHost({ socket, timeoutMs, userAgent });
  try {
    const [destination] = await Promise.all([openWritable(plan.directory), host.prepare()]);
    const result = await writeApplicationOutput(host, request, destination, { specificTlsNaming }).catch(
      async (error: unknown) => {
        await destination.discard();
        throw error;
      },
    );
    return report(plan, result);
  } finally {
    await host.close();
  }
}

async function openWritable(path: string): Promise<DirectoryDestination> {
  const destination = await DirectoryDestination.open(path);
  await destination.checkWritable();
  return destination;
}

function report(plan: GeneratePlan, { identity, written, unchanged }: OutputResult): GenerateReport {
  const { route, roles, expires, ttl } = identity;
  const files = written.length + unchanged.length;
  const address = route?.application?.publicAddress;
  const stdout = [
    `Wrote ${files} files to ${plan.directory}`,
    `  application  ${plan.request.name}${address ? ` at ${address}` : ''}${route ? `, cluster ${route.cluster}` : ''}`,
    `  roles        ${roles.join(', ')}`,
    `  expires      ${expires.toISOString().replace('.000Z', 'Z')}, in ${formatGoDuration(wholeSeconds(ttl.effectiveMs))}`,
  ];
  const stderr = ttl.cutBy
    ? `note: the lifetime was cut from ${formatGoDuration(ttl.askedMs)} to ${formatGoDuration(wholeSeconds(ttl.effectiveMs))} by the ${ttl.cutBy}\n`
    : '';
  return { stdout: `${stdout.join('\n')}\n`, stderr };
}

/** Certificates count seconds, and a moment has passed since they were made. */
function wholeSeconds(ms: number): number {
  return Math.round(ms / 1000) * 1000;
}
