import { formatGoDuration } from '@teleport-ts/api-types';
import type { AgentSocketStatus, AgentStatus } from '@teleport-ts/tbot-core/client';

/** An agent's status for people. */
export function statusText(status: AgentStatus, nowMs: number): string {
  const at = (date: Date | undefined): string => (date ? `${date.toISOString()} (${distance(date, nowMs)})` : '');
  const { bot, sockets, services } = status;
  const rows: [string, string | undefined][] = [
    ['agent', `${status.agentVersion}, since ${at(status.started)}`],
    ['bot', bot ? `${bot.botName}, ${bot.state}` : 'not running'],
    ['cluster', bot && [bot.cluster, bot.address && `at ${bot.address}`, bot.serverVersion].filter(Boolean).join(', ')],
    ['instance', bot?.botInstanceId && `${bot.botInstanceId}, generation ${bot.generation}`],
    ['expires', bot && at(bot.expires)],
    ['next renewal', bot && at(bot.nextRenewal)],
    ['warm', bot && `${bot.warmSessions} ${bot.warmSessions === 1 ? 'role set' : 'role sets'}`],
    ['last error', bot?.lastError && `${bot.lastError}, ${at(bot.lastErrorAt)}`],
  ];
  const facts = rows
    .filter((row): row is [string, string] => Boolean(row[1]))
    .map(([name, value]) => `${name.padEnd(12)}  ${value}\n`)
    .join('');
  const failed = ({ lastError, lastErrorAt }: LastError): string =>
    lastError ? `${lastError}, ${at(lastErrorAt)}` : '';
  const tables = [
    sockets.length > 0 && [
      ['SOCKET', 'ROLES', 'KINDS', 'ISSUED', 'REFUSED', 'FAILED', 'CONNECTIONS', 'STREAMS', 'LAST ERROR'],
      ...sockets.map((socket) => [
        socket.path,
        socket.roles.join(',') || '(all)',
        socket.kinds.join(','),
        ...[socket.issued, socket.refused, socket.failed, socket.connections, socket.streams].map(String),
        failed(socket),
      ]),
    ],
    services.length > 0 && [
      ['SERVICE', 'STATE', 'LAST ERROR'],
      ...services.map((service) => [service.name, service.state, failed(service)]),
    ],
  ];
  return [facts, ...tables.filter((table) => table !== false).map(columns)].join('\n');
}

type LastError = Pick<AgentSocketStatus, 'lastError' | 'lastErrorAt'>;

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
