import { chmodSync, closeSync } from 'node:fs';
import { createRequire } from 'node:module';

/** What Node has no functions for: unix sockets as systemd makes them, and datagrams. */
export interface RawSockets {
  /** A descriptor that listens on a path, with this mode. */
  listen(path: string, mode: number): number;
  /** A descriptor that datagrams to a path come to. `@name` stands in the abstract namespace. */
  bindDatagram(path: string): number;
  /** The next datagram that is there. */
  receive(fd: number): string | undefined;
  /** Another descriptor of the same socket. */
  duplicate(fd: number): number;
  close(fd: number): void;
}

/** Undefined where the optional package koffi is not installed. */
export function rawSockets(): RawSockets | undefined {
  let koffi: { load(name: null): { func(signature: string): (...args: unknown[]) => number } };
  try {
    koffi = createRequire(import.meta.url)('koffi');
  } catch {
    return undefined;
  }
  const library = koffi.load(null);
  const socket = library.func('int socket(int domain, int type, int protocol)');
  const bind = library.func('int bind(int fd, const void *address, uint32_t length)');
  const listen = library.func('int listen(int fd, int backlog)');
  const dup = library.func('int dup(int fd)');
  const recv = library.func('intptr_t recv(int fd, _Out_ void *data, size_t length, int flags)');
  const bound = (type: number, path: string): number => {
    const address = Buffer.concat([Buffer.from([1, 0]), Buffer.from(path)]);
    if (path.startsWith('@')) address[2] = 0;
    const fd = socket(1, type, 0);
    if (fd < 0 || bind(fd, address, address.length) !== 0) throw new Error(`cannot bind ${path}`);
    return fd;
  };
  return {
    listen: (path, mode) => {
      const fd = bound(1, path);
      chmodSync(path, mode);
      if (listen(fd, 16) !== 0) throw new Error(`cannot listen on ${path}`);
      return fd;
    },
    bindDatagram: (path) => bound(2, path),
    receive: (fd) => {
      const data = Buffer.alloc(4096);
      const length = recv(fd, data, data.length, 0x40);
      return length < 0 ? undefined : data.toString('utf8', 0, length);
    },
    duplicate: (fd) => dup(fd),
    close: (fd) => closeSync(fd),
  };
}
