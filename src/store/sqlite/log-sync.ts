/**
 * Brings the write-ahead log to the disk beside the writer thread, which goes on meanwhile: with synchronous=FULL SQLite would make the thread wait for
 * the disk in each commit. What was committed is answered when it is there. https://www.sqlite.org/pragma.html#pragma_synchronous
 */
import { closeSync, fdatasync, fdatasyncSync, fsyncSync, openSync } from 'node:fs';
import { dirname } from 'node:path';

export interface Disk {
  /** in the thread pool */
  readonly sync: (descriptor: number, done: (error: Error | null) => void) => void;
  /** here and now */
  readonly syncNow: (descriptor: number) => void;
  /** ms after which it is done here: others may keep the whole pool busy, such as sign-ins that hash passwords */
  readonly patience: number;
}

const DISK: Disk = { sync: fdatasync, syncNow: fdatasyncSync, patience: 25 };

export class LogSync {
  readonly #file: string;
  readonly #disk: Disk;
  #descriptor: number | undefined;
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  #failure: Error | undefined;

  /** `file`: the database. Its log is there from the first commit until the connection of the writer is closed. */
  constructor(file: string, disk = DISK) {
    this.#file = `${file}-wal`;
    this.#disk = disk;
  }

  /**
   * What the disk answered when it could not keep something. From then on nothing can be known to be durable, since the system may have dropped what it
   * could not write: only opening the database anew tells what is there.
   */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** Resolves when all that was committed before this call is on the disk. Rejects with `failure`. */
  durable(): Promise<void> {
    if (!this.#running) return this.#start();
    // What is under way may have begun before the last commit.
    this.#next ??= this.#running.then(() => {
      this.#next = undefined;
      return this.#start();
    });
    return this.#next;
  }

  close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }

  #start(): Promise<void> {
    this.#running = new Promise<void>((resolve, reject) => {
      if (this.#failure) throw this.#failure;
      const descriptor = (this.#descriptor ??= openLog(this.#file));
      const settle = (error: Error | null): void => {
        clearTimeout(timer);
        // The system tells of a fault once: also a call that nobody waits for any more has to be heard.
        this.#failure ??= error ?? undefined;
        if (error) reject(error);
        else resolve();
      };
      const timer = setTimeout(
        () => settle(faultOf(() => this.#disk.syncNow(descriptor))),
        this.#disk.patience,
      );
      timer.unref();
      this.#disk.sync(descriptor, settle);
    }).then(
      () => void (this.#running = undefined),
      (error: Error) => {
        this.#failure ??= error;
        throw this.#failure;
      },
    );
    return this.#running;
  }
}

function faultOf(work: () => void): Error | null {
  try {
    work();
    return null;
  } catch (error) {
    return error as Error;
  }
}

/** The log may be new: then its name has to be on the disk, too. */
function openLog(file: string): number {
  const descriptor = openSync(file, 'r+');
  // A folder cannot be synced on Windows, which keeps names by itself.
  if (process.platform === 'win32') return descriptor;
  const folder = openSync(dirname(file), 'r');
  try {
    fsyncSync(folder);
    return descriptor;
  } catch (error) {
    closeSync(descriptor);
    throw error;
  } finally {
    closeSync(folder);
  }
}
