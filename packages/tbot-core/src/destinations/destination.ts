/**
 * The files of one set: names to contents, `null` for a file that shall be gone. A name is plain, or one below a directory
 * of a plain name: `cockroach/node.crt`.
 */
export type FileSet = Readonly<Record<string, string | Uint8Array | null>>;

/** What a write did with the files that are there now; those that are gone are in neither list. */
export interface WriteResult {
  /** Names whose content changed, in the order of the set. */
  readonly written: readonly string[];
  /** Names that already held that content and were not touched. */
  readonly unchanged: readonly string[];
}

/** An exclusive hold on a destination; ended by disposing it. Disposing twice is harmless. */
export interface DestinationLock extends AsyncDisposable {}

/**
 * A place for the files of credentials: a directory, or the memory of the process.
 *
 * Every write is one set: who opens the destination next, also after a crash in the middle, finds the whole old or the
 * whole new set. Whoever opened a destination closes it.
 *
 * @example
 * await using destination = await openDestination('file:///opt/machine-id/app');
 * await destination.write({ tlscert: identity.tlsCertificate, key: identity.privateKeyPem });
 */
export interface Destination extends AsyncDisposable {
  /** `file:///abs/path` or `memory://`, for messages. */
  readonly uri: string;
  /** Does it outlive the process? */
  readonly persistent: boolean;
  /** Content of one file, undefined when there is none. */
  read(name: string): Promise<Buffer | undefined>;
  /**
   * Writes a set; files that are not named stay as they are. When it fails the old set is whole.
   *
   * @throws TeleportError `bad_parameter` for a name that is no file name and for what must not be followed
   * or replaced (a symbolic link, a directory); `unknown` when the system refuses (disk full, read-only, no right),
   * with the system's error as `cause`.
   */
  write(files: FileSet): Promise<WriteResult>;
  /**
   * Takes the destination for this process alone, without waiting.
   *
   * @throws TeleportError `already_exists` when another process holds it.
   */
  lock(): Promise<DestinationLock>;
  /** Waits for writes on their way. Safe to call twice. */
  close(): Promise<void>;
}
