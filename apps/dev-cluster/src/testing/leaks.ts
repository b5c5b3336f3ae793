import { readdirSync, readlinkSync } from 'node:fs';

/** What a process holds open, by kind; see {@link heldResources}. */
export type HeldResources = Readonly<Record<string, number>>;

/** Counts the handles, timers and requests that keep a process busy and, on Linux, its open sockets and files. */
export function heldResources(): HeldResources {
  const counts: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) counts[kind] = (counts[kind] ?? 0) + 1;
  for (const kind of openDescriptors()) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}

/** What is held now beyond what was held `before`; empty when nothing leaked. */
export function leakedSince(before: HeldResources): HeldResources {
  const grown = Object.entries(heldResources()).map(([kind, count]) => [kind, count - (before[kind] ?? 0)] as const);
  return Object.fromEntries(grown.filter(([, count]) => count > 0));
}

function openDescriptors(): string[] {
  let names: string[];
  try {
    names = readdirSync('/proc/self/fd');
  } catch {
    return [];
  }
  return names.flatMap((name) => {
    try {
      const target = readlinkSync(`/proc/self/fd/${name}`);
      if (target.startsWith('socket:')) return ['fd:socket'];
      return target.startsWith('/') && !target.startsWith('/dev/') && !target.startsWith('/proc/') ? ['fd:file'] : [];
    } catch {
      return []; // the one that read the directory
    }
  });
}
