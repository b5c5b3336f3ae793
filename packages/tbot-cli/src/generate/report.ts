import { formatGoDuration } from '@teleport-ts/api-types';
import type { Identity, IdentityRequest, IdentityRoute, OutputResult } from '@teleport-ts/tbot-core/client';
import { printable } from '../printable.ts';
import type { GeneratePlan } from './plan.ts';

/** What people read about files that were written. */
export function writtenReport(
  { request }: Pick<GeneratePlan, 'request'>,
  directory: string,
  { identity, written, unchanged }: OutputResult,
): string {
  const { route, roles, expires, ttl } = identity;
  const files = written.length + unchanged.length;
  const rows: [string, string][] = [
    [request.kind, [targetText(request, route), route && `cluster ${route.cluster}`].filter(Boolean).join(', ')],
    ['roles', roles.join(', ')],
    ['expires', `${isoSeconds(expires)}, in ${formatGoDuration(wholeSeconds(ttl.effectiveMs))}`],
  ];
  const lines = rows.map(([name, value]) => `  ${name.padEnd(11)}  ${value}\n`);
  return printable(`Wrote ${files} files to ${directory}\n${lines.join('')}`);
}

/** The remark that a credential lives shorter than asked; empty where it does not. */
export function cutNote({ ttl: { askedMs, effectiveMs, cutBy } }: Pick<Identity, 'ttl'>): string {
  if (!cutBy) return '';
  const [asked, effective] = [askedMs, wholeSeconds(effectiveMs)].map(formatGoDuration);
  return printable(`note: the lifetime was cut from ${asked} to ${effective} by the ${cutBy}\n`);
}

/** What a credential is for, with what is known of it before there is a route; nothing for an identity. */
export function targetText(request: IdentityRequest, route?: IdentityRoute): string {
  switch (request.kind) {
    case 'identity':
      return '';
    case 'application': {
      const address = route?.application?.publicAddress;
      return `${request.name}${address ? ` at ${address}` : ''}`;
    }
    case 'database': {
      const { username, database } = request;
      const protocol = route?.database?.protocol;
      return [
        request.name,
        protocol && `(${protocol})`,
        username && `as ${username}`,
        database && `database ${database}`,
      ]
        .filter(Boolean)
        .join(' ');
    }
    case 'kubernetes':
      return request.name;
  }
}

/** A time as RFC 3339 writes it, without fractions. */
export function isoSeconds(time: Date): string {
  return time.toISOString().replace(/\.\d+Z$/, 'Z');
}

/** Certificates count seconds, and a moment has passed since they were made. */
function wholeSeconds(ms: number): number {
  return Math.round(ms / 1000) * 1000;
}
