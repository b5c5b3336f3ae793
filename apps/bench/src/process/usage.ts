import { readFileSync } from 'node:fs';

// Linux counts CPU time in hundredths of a second here, whatever the kernel's own clock is.
const TICK_MS = 10;

/** CPU time of a process in milliseconds, to 10 ms; NaN where the system does not tell. */
export function cpuOf(pid: number): number {
  const [user, system] = ticks(pid, 11);
  return (user + system) * TICK_MS;
}

/** CPU time of all children of this process that have ended, in milliseconds; NaN where the system does not tell. */
export function cpuOfEndedChildren(): number {
  const [user, system] = ticks('self', 13);
  return (user + system) * TICK_MS;
}

/** Resident memory of a process in MiB; NaN where the system does not tell. */
export function residentMiB(pid: number): number {
  try {
    const match = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return match ? Number(match[1]) / 1024 : Number.NaN;
  } catch {
    return Number.NaN;
  }
}

/** Two neighbouring fields of `/proc/<pid>/stat`, counted from behind the name, which may hold anything. */
function ticks(pid: number | 'self', at: number): [number, number] {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return [Number(fields[at]), Number(fields[at + 1])];
  } catch {
    return [Number.NaN, Number.NaN];
  }
}
