import { readFile, readlink } from 'node:fs/promises';
import { TeleportError } from '@teleport-ts/api-types';

/** A listening unix socket that the process was started with. */
export interface InheritedSocket {
  readonly fd: number;
  /** The path that it was bound to. */
  readonly path: string;
}

/** The first descriptor that is handed over, SD_LISTEN_FDS_START. */
const FIRST_FD = 3;
/** More are not meant: the number is a wrong one. */
const MOST_FDS = 1024;
/** Flags and types of /proc/net/unix: __SO_ACCEPTCON and SOCK_STREAM. */
const LISTENING = 0x10000;
const STREAM = 1;

/**
 * The listening unix sockets that systemd hands over (socket activation, sd_listen_fds(3)): `LISTEN_FDS` descriptors from
 * 3 on, when `LISTEN_PID` is this process. None in an environment without them.
 *
 * @throws TeleportError `bad_parameter` for a descriptor that is not a listening unix socket with a path
 * @example
 * await runDaemon({ config, inherited: await inheritedSockets(process.env) });
 */
export async function inheritedSockets(
  environment: Readonly<Record<string, string | undefined>>,
  pid: number = process.pid,
): Promise<InheritedSocket[]> {
  const { LISTEN_FDS: count, LISTEN_PID: owner, LISTEN_FDNAMES: names = '' } = environment;
  // Meant for another process, whose environment this one has got.
  if (!count || owner !== String(pid)) return [];
  if (!/^\d{1,4}$/.test(count) || Number(count) > MOST_FDS) {
    throw new TeleportError('bad_parameter', `LISTEN_FDS is not a number of descriptors: ${JSON.stringify(count)}`);
  }
  const fdNames = names.split(':');
  const handed = Array.from({ length: Number(count) }, (_, index) => ({
    fd: FIRST_FD + index,
    name: fdNames[index] ?? '',
  }));
  return await listeningSockets(handed);
}

/**
 * The paths that descriptors listen on.
 *
 * @param handed each with its name in the socket unit, for messages
 * @throws TeleportError `bad_parameter` for one that does not
 */
export async function listeningSockets(handed: readonly { fd: number; name: string }[]): Promise<InheritedSocket[]> {
  const paths = await listeningPaths();
  return await Promise.all(
    handed.map(async ({ fd, name }) => {
      const path = paths.get(await inodeOf(fd));
      if (path === undefined) throw notListening(fd, name);
      return { fd, path };
    }),
  );
}

/** Listening unix stream sockets by inode; without one the path has no name in the file system. */
async function listeningPaths(): Promise<ReadonlyMap<string, string>> {
  const table = await readFile('/proc/net/unix', 'utf8').catch((cause: unknown) => {
    throw new TeleportError('bad_parameter', 'systemd hands over sockets, but /proc/net/unix cannot be read', {
      cause,
    });
  });
  const paths = new Map<string, string>();
  for (const line of table.split('\n').slice(1)) {
    // Num RefCount Protocol Flags Type St Inode Path
    const [, flags, type, inode, path] = /^\S+ \S+ \S+ (\S+) (\S+) \S+ +(\d+) (\/.*)$/.exec(line) ?? [];
    const listens =
      (Number.parseInt(flags ?? '0', 16) & LISTENING) !== 0 && Number.parseInt(type ?? '0', 16) === STREAM;
    if (listens && inode && path) paths.set(inode, path);
  }
  return paths;
}

async function inodeOf(fd: number): Promise<string> {
  const target = await readlink(`/proc/self/fd/${fd}`).catch(() => '');
  return /^socket:\[(\d+)\]$/.exec(target)?.[1] ?? '';
}

function notListening(fd: number, name: string): TeleportError {
  const what = name === '' || name === 'unknown' ? `descriptor ${fd}` : `descriptor ${fd} (${name})`;
  return new TeleportError('bad_parameter', `${what} of LISTEN_FDS is not a listening unix socket with a path`, {
    hint: 'in the socket unit, write ListenStream=/path/of/the.sock and leave Accept= out',
  });
}
