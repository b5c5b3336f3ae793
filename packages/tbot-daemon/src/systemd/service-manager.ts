import { createRequire } from 'node:module';
import { endianness } from 'node:os';
import { type Clock, type Logger, systemClock, type Timer } from '@teleport-ts/tbot-core';

// Numbers of Linux (asm-generic), the same on x64, arm64 and riscv64.
const AF_UNIX = 1;
const SOCK_DGRAM_CLOEXEC = 2 | 0o2000000;
const MSG_DONTWAIT_NOSIGNAL = 0x40 | 0x4000;
/** `sun_path`, without its family. */
const MOST_PATH_BYTES = 108;

/** Sends one datagram; false when it could not be sent. */
export type DatagramSender = (path: string, text: string) => boolean;

export interface ServiceManagerOptions {
  logger: Logger;
  clock?: Clock;
  /** Default: the system calls, by the optional package `koffi`. Undefined where it cannot be loaded. */
  send?: DatagramSender | undefined;
  pid?: number;
}

/**
 * Tells systemd how the process is (sd_notify(3)), for a unit with `Type=notify`: that it is ready, that it stops, and,
 * with `WatchdogSec=`, that it is not stuck. Without `NOTIFY_SOCKET` in the environment it does nothing.
 *
 * @example
 * const manager = new ServiceManager(process.env, { logger });
 * manager.ready('serving 2 sockets');
 */
export class ServiceManager implements Disposable {
  readonly #path: string | undefined;
  readonly #watchdogMs: number | undefined;
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #send: DatagramSender | undefined;
  #watchdog: Timer | undefined;
  #failed = false;

  constructor(environment: Readonly<Record<string, string | undefined>>, options: ServiceManagerOptions) {
    this.#logger = options.logger;
    this.#clock = options.clock ?? systemClock;
    this.#path = environment.NOTIFY_SOCKET || undefined;
    if (this.#path === undefined) return;
    this.#watchdogMs = watchdogMs(environment, options.pid ?? process.pid);
    this.#send = 'send' in options ? options.send : loadSender();
    if (!this.#send) {
      this.#logger.warn(
        { hint: 'install the optional package koffi, or write Type=exec in the unit' },
        'systemd waits to be told that the agent is ready, which this installation cannot do',
      );
    }
  }

  /** The process does what it is there for; from here on the watchdog is told so, if there is one. */
  ready(status: string): void {
    this.#notify(`READY=1\nSTATUS=${status.replaceAll('\n', ' ')}`);
    if (this.#watchdogMs !== undefined && this.#send) this.#feedWatchdog(this.#watchdogMs / 2);
  }

  /** The process is about to end. */
  stopping(): void {
    this.#notify('STOPPING=1');
  }

  #feedWatchdog(everyMs: number): void {
    this.#notify('WATCHDOG=1');
    this.#watchdog = this.#clock.setTimer(everyMs, () => this.#feedWatchdog(everyMs));
  }

  #notify(text: string): void {
    if (this.#path === undefined || !this.#send) return;
    const sent = this.#send(this.#path, text);
    if (!sent && !this.#failed) this.#logger.warn({}, 'systemd could not be told how the agent is');
    this.#failed = !sent;
  }

  [Symbol.dispose](): void {
    this.#watchdog?.cancel();
  }
}

/** Microseconds in the environment, when they are meant for this process. */
function watchdogMs(environment: Readonly<Record<string, string | undefined>>, pid: number): number | undefined {
  const { WATCHDOG_USEC: time, WATCHDOG_PID: owner } = environment;
  if (owner && owner !== String(pid)) return undefined;
  const ms = Number(time) / 1000;
  return ms >= 1 ? ms : undefined;
}

/** Node has no datagrams on unix sockets. */
function loadSender(): DatagramSender | undefined {
  try {
    const koffi = createRequire(import.meta.url)('koffi');
    const library = koffi.load(null);
    const socket = library.func('int socket(int domain, int type, int protocol)');
    const close = library.func('int close(int fd)');
    const sendto = library.func(
      'intptr_t sendto(int fd, const void *data, size_t length, int flags, const void *address, uint32_t addressLength)',
    );
    return (path, text) => {
      const address = socketAddress(path);
      const fd: number = address ? socket(AF_UNIX, SOCK_DGRAM_CLOEXEC, 0) : -1;
      if (!address || fd < 0) return false;
      try {
        const data = Buffer.from(text);
        return sendto(fd, data, data.length, MSG_DONTWAIT_NOSIGNAL, address, address.length) === data.length;
      } finally {
        close(fd);
      }
    };
  } catch {
    return undefined;
  }
}

/** `sockaddr_un`; a name that begins with @ stands in the abstract namespace. */
function socketAddress(path: string): Buffer | undefined {
  const name = Buffer.from(path);
  if (name.length > MOST_PATH_BYTES || !/^[/@]./.test(path)) return undefined;
  if (path.startsWith('@')) name[0] = 0;
  const family = Buffer.alloc(2);
  if (endianness() === 'LE') family.writeUInt16LE(AF_UNIX);
  else family.writeUInt16BE(AF_UNIX);
  return Buffer.concat([family, name]);
}
