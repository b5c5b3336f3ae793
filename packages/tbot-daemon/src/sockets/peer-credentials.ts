import { createRequire } from 'node:module';
import type { Socket } from 'node:net';
import type { Peer } from './peer.ts';

/** Asks the system who is at the other end of a unix socket; undefined when it does not say. */
export type PeerReader = (socket: Socket) => Peer | undefined;

// Numbers of Linux (asm-generic), the same on x64, arm64 and riscv64.
const SOL_SOCKET = 1;
const SO_PEERCRED = 17;
const SO_PEERGROUPS = 59;
const UCRED_BYTES = 12;
const MOST_GROUPS = 65_536;

type GetSockOpt = (fd: number, level: number, name: number, value: Buffer, length: [number]) => number;

let loaded: PeerReader | undefined | null = null;

/**
 * The reader of this machine, or undefined where there is none: off Linux, and where the optional dependency `koffi` is
 * not installed. (Node gives no access to a socket's peer.)
 */
export function loadPeerReader(): PeerReader | undefined {
  if (loaded === null) loaded = load();
  return loaded;
}

function load(): PeerReader | undefined {
  if (process.platform !== 'linux') return undefined;
  let getsockopt: GetSockOpt;
  try {
    // A koffi without a binary for this machine throws at the load of the library.
    const koffi = createRequire(import.meta.url)('koffi');
    getsockopt = koffi
      .load(null)
      .func('int getsockopt(int fd, int level, int name, _Out_ void *value, _Inout_ uint32_t *length)');
  } catch {
    return undefined;
  }
  return (socket) => readPeer(getsockopt, socket);
}

function readPeer(getsockopt: GetSockOpt, socket: Socket): Peer | undefined {
  const fd = (socket as Socket & { _handle?: { fd?: number } | null })._handle?.fd;
  if (fd === undefined || fd < 0) return undefined;
  const ucred = Buffer.alloc(UCRED_BYTES);
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, ucred, [UCRED_BYTES]) !== 0) return undefined;
  const groups = readGroups(getsockopt, fd);
  if (groups === undefined) return undefined;
  return { pid: ucred.readInt32LE(0), uid: ucred.readUInt32LE(4), gid: ucred.readUInt32LE(8), groups };
}

/** A buffer that is too small fails with ERANGE, so it grows; the answer may still be shorter than the buffer. */
function readGroups(getsockopt: GetSockOpt, fd: number): number[] | undefined {
  for (let room = 64; room <= MOST_GROUPS; room *= 4) {
    const buffer = Buffer.alloc(room * 4);
    const length: [number] = [buffer.length];
    if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, buffer, length) !== 0) continue;
    return Array.from({ length: length[0] / 4 }, (_, index) => buffer.readUInt32LE(index * 4));
  }
  return undefined;
}
