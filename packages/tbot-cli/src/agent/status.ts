import { SocketHost } from '@teleport-ts/tbot-core/client';
import { socketOf } from '../generate/plan.ts';
import { printable } from '../printable.ts';
import { statusText } from './status-text.ts';

export interface StatusOptions {
  /** Default `TBOT_SOCKET`. */
  readonly socket?: string;
  readonly format: 'text' | 'json';
  readonly timeoutMs: number;
}

/** Asks an agent how it is. @throws TeleportError when it does not answer */
export async function agentStatus(
  options: StatusOptions,
  environment: Readonly<Record<string, string | undefined>>,
  nowMs: number,
): Promise<string> {
  const socket = socketOf(options, environment);
  await using host = new SocketHost({ socket, timeoutMs: options.timeoutMs, userAgent: 'tbot' });
  const status = await host.status();
  return printable(options.format === 'json' ? `${JSON.stringify(status, null, 2)}\n` : statusText(status, nowMs));
}
