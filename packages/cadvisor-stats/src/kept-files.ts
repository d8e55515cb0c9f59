import { closeSync, existsSync, openSync, readSync } from "node:fs";

/** Files that are read again and again: each is kept open, which makes a later read three times as cheap. */
export interface KeptFiles {
  /** The text of a file; undefined when there is none, or it cannot be read. Never throws. */
  read(path: string): string | undefined;
  /** How many reads were asked for. */
  readonly reads: number;
  /** How many files are open. */
  readonly open: number;
  /** Closes what `read` opened for these paths. */
  forget(paths: Iterable<string>): void;
  close(): void;
}

const INITIAL_BUFFER_BYTES = 16_384;

/** A text past this is cut; a list of 100 000 processes takes a tenth of it. */
const MAX_BUFFER_BYTES = 8 * 1024 * 1024;

/**
 * The kernel hands out a list such as cgroup.procs or diskstats a page at a time, however large the buffer, and ends each piece before the
 * line that would not fit. What is shorter than this is therefore the whole: no line is half a page long.
 */
const WHOLE_BYTES = 2048;

/** Opens files once and reads them from the start each time, at most `maxOpen` of them; what is beyond is opened for each read. */
export const createKeptFiles = (maxOpen: number): KeptFiles => {
  const descriptors = new Map<string, number>();
  let buffer = Buffer.allocUnsafe(INITIAL_BUFFER_BYTES);
  let reads = 0;

  /** Makes room for more behind what was read; false when that is enough. */
  const grow = (): boolean => {
    if (buffer.length >= MAX_BUFFER_BYTES) return false;
    const larger = Buffer.allocUnsafe(buffer.length * 4);
    buffer.copy(larger);
    buffer = larger;
    return true;
  };

  const readText = (descriptor: number): string => {
    let length = 0;
    for (;;) {
      const piece = readSync(descriptor, buffer, length, buffer.length - length, length);
      length += piece;
      const isFull = length === buffer.length;
      if ((piece < WHOLE_BYTES && !isFull) || (isFull && !grow())) return buffer.toString("latin1", 0, length);
    }
  };

  const close = (path: string): void => {
    const descriptor = descriptors.get(path);
    if (descriptor === undefined) return;
    descriptors.delete(path);
    closeSync(descriptor);
  };

  const readFresh = (path: string): string | undefined => {
    // Asking first costs a microsecond; an open that fails costs twenty.
    if (!existsSync(path)) return undefined;
    let descriptor: number | undefined;
    let isKept = false;
    try {
      descriptor = openSync(path, "r");
      const text = readText(descriptor);
      if (descriptors.size < maxOpen) {
        descriptors.set(path, descriptor);
        isKept = true;
      }
      return text;
    } catch {
      return undefined;
    } finally {
      if (descriptor !== undefined && !isKept) closeSync(descriptor);
    }
  };

  return {
    read: (path) => {
      reads += 1;
      const descriptor = descriptors.get(path);
      if (descriptor === undefined) return readFresh(path);
      try {
        return readText(descriptor);
      } catch {
        // ENODEV: the cgroup is gone. One of the same name may have been made since.
        close(path);
        return readFresh(path);
      }
    },
    get reads() {
      return reads;
    },
    get open() {
      return descriptors.size;
    },
    forget: (paths) => {
      for (const path of paths) close(path);
    },
    close: () => {
      for (const path of descriptors.keys()) close(path);
    },
  };
};
