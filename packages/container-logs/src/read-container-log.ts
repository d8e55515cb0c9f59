import { realpath } from "node:fs/promises";
import { isContainerLogsError, mapFileError } from "./errors.ts";
import type { LinePrinter } from "./line-printer.ts";
import { createLinePrinter } from "./line-printer.ts";
import type { LineSplitter } from "./line-splitter.ts";
import { createLineSplitter } from "./line-splitter.ts";
import type { LogFile } from "./log-file.ts";
import { openLogFile } from "./log-file.ts";
import { parseLogLine } from "./log-line.ts";
import { createLogWatcher } from "./log-watcher.ts";
import type { ReadContainerLogOptions, ResolvedReadOptions } from "./options.ts";
import { resolveReadOptions } from "./options.ts";
import { findTailStart } from "./tail.ts";

/** The file being read and the state of what comes out of it. */
interface Reading {
  readonly path: string;
  readonly options: ResolvedReadOptions;
  readonly splitter: LineSplitter;
  readonly printer: LinePrinter;
}

/** One chunk for all lines: a line that is not in the format is left out, as in the reference. */
const printLines = ({ printer }: Reading, lines: readonly Uint8Array[]): Uint8Array => {
  const pieces: Uint8Array[] = [];
  for (const line of lines) {
    const parsed = parseLogLine(line);
    if (parsed !== undefined) pieces.push(...printer.print(parsed));
    if (printer.isFull) break;
  }
  return Buffer.concat(pieces);
};

/** Yields what is in the file now. */
async function* drain(reading: Reading, file: LogFile): AsyncGenerator<Uint8Array, void> {
  const { options, splitter, printer } = reading;
  while (!printer.isFull) {
    options.signal?.throwIfAborted();
    const block = await file.read();
    if (block.length === 0) return;
    const chunk = printLines(reading, splitter.push(block));
    if (chunk.length > 0) yield chunk;
  }
}

/** Yields the line without an end that the file ends with. */
function* flushRest(reading: Reading): Generator<Uint8Array, void> {
  const rest = reading.splitter.flush();
  const chunk = rest.length === 0 ? rest : printLines(reading, [rest]);
  if (chunk.length > 0) yield chunk;
}

const reopen = async (reading: Reading): Promise<LogFile | undefined> => {
  try {
    return await openLogFile(reading.path, reading.options.blockBytes);
  } catch (error) {
    // Between the rename and the runtime's re-opening there is no file: it will come.
    if (isContainerLogsError(error) && error.code === "not-found") return undefined;
    throw error;
  }
};

/** At most one question in `recheckMs`: each may be a call to the runtime. */
const createRunningCheck = ({ isContainerRunning, clock, recheckMs, signal }: ResolvedReadOptions): (() => Promise<boolean>) => {
  let askedAtMs = -Infinity;
  let hasEnded = false;
  return async () => {
    if (hasEnded || clock.monotonicMs() - askedAtMs < recheckMs) return !hasEnded;
    askedAtMs = clock.monotonicMs();
    hasEnded = !(await isContainerRunning(signal ? { signal } : {}));
    return !hasEnded;
  };
};

async function* followFile(reading: Reading, first: LogFile): AsyncGenerator<Uint8Array, void> {
  const { path, options, printer } = reading;
  const isRunning = createRunningCheck(options);
  // Watching begins before the last read, so that nothing written in between is missed.
  using watcher = createLogWatcher(path, options);
  let file = first;
  try {
    for (;;) {
      yield* drain(reading, file);
      if (printer.isFull) return;
      // Whatever is asked here, is asked before the next drain: a container that has ended, or a file that has gone, changes no more.
      const wasRunning = await isRunning();
      const change = await file.compareWithPath();
      yield* drain(reading, file);
      if (printer.isFull) return;
      const next = change === "replaced" ? await reopen(reading) : undefined;
      if (next !== undefined) {
        await using _old = file;
        // Before anything is yielded: whoever leaves then leaves both open otherwise.
        file = next;
        yield* flushRest(reading);
        continue;
      }
      if (change === "truncated") {
        reading.splitter.flush();
        file.seek(0);
        continue;
      }
      if (!wasRunning) return yield* flushRest(reading);
      await watcher.wait(options.signal);
    }
  } finally {
    if (file !== first) await file[Symbol.asyncDispose]();
  }
}

const resolvePath = async (path: string): Promise<string> => {
  try {
    return await realpath(path);
  } catch (error) {
    throw mapFileError(error, path);
  }
};

/**
 * What a container wrote, out of a log file in CRI's format. Nothing is opened before the first chunk is asked for, and nothing is
 * read ahead of the consumer; leaving the loop closes the file. Chunks are the consumer's and hold whole lines, except where
 * `limitBytes` cuts. Throws ContainerLogsError, or the signal's reason.
 */
export async function* readContainerLog(path: string, options: ReadContainerLogOptions = {}): AsyncGenerator<Uint8Array, void> {
  const resolved = resolveReadOptions(path, options);
  resolved.signal?.throwIfAborted();
  const reading: Reading = {
    path: await resolvePath(path),
    options: resolved,
    splitter: createLineSplitter(resolved.maxLineBytes),
    printer: createLinePrinter(resolved),
  };
  const { blockBytes, tailLines, stream, signal } = resolved;
  await using file = await openLogFile(reading.path, blockBytes);
  if (tailLines !== undefined) {
    file.seek(await findTailStart({ handle: file.handle, sizeBytes: file.sizeBytes, lineCount: tailLines, stream, blockBytes, signal }));
  }
  if (resolved.follow) return yield* followFile(reading, file);
  yield* drain(reading, file);
  if (!reading.printer.isFull) yield* flushRest(reading);
}
