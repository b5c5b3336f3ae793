import { formatGoDuration } from '@teleport-ts/api-types';
import type { AgentStatus } from '@teleport-ts/tbot-core/client';

/** An agent's status for people. */
export function statusText(status: AgentStatus, nowMs: number): string {
  const at = (date: Date | undefined): string => (date ? `${date.toISOString()} (${distance(date, nowMs)})` : '');
  const { bot, sockets } = status;
  const rows: [string, string | undefined][] = [
    ['agent', `${status.agentVersion}, since ${at(status.started)}`],
    ['bot', bot ? `${bot.botName}, ${bot.state}` : 'not running'],
    ['cluster', bot && [bot.cluster, bot.address && `at ${bot.address}`, bot.serverVersion].filter(Boolean).join(', ')],
    ['instance', bot?.botInstanceId && `${bot.botInstanceId}, generation ${bot.generation}`],
    ['expires', bot && at(bot.expires)],
    ['next renewal', bot && at(bot.nextRenewal)],
    ['last error', bot?.lastError && `${bot.lastError}, ${at(bot.lastErrorAt)}`],
  ];
  const facts = rows
    .filter((row): row is [string, string] => Boolean(row[1]))
    .map(([name, value]) => `${name.padEnd(12)}  ${value}\n`)
    .join('');
  if (sockets.length === 0) return facts;
  const table = [
    ['SOCKET', 'ROLES', 'ISSUED', 'REFUSED', 'FAILED', 'LAST ERROR'],
    ...sockets.map((socket) => [
      socket.path,
      socket.roles.length > 0 ? socket.roles.join(',') : '(all)',
      String(socket.issued),
      String(socket.refused),
      String(socket.failed),
      socket.lastError ? `${socket.lastError}, ${at(socket.lastErrorAt)}` : '',
    ]),
  ];
  return `${facts}\n${columns(table)}`;
}

function distance(date: Date, nowMs: number): string {
  const seconds = Math.round((date.getTime() - nowMs) / 1000);
  const text = formatGoDuration(Math.abs(seconds) * 1000);
  return seconds >= 0 ? `in ${text}` : `${text} ago`;
}

function columns(table: readonly (readonly string[])[]): string {
  const widths = table[0]!.map((_, column) => Math.max(...table.map((row) => row[column]!.length)));
  return table
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join('  ')
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join('');
}
