import type { Duplex } from "node:stream";
import type { Clock } from "@nk/stdx";

/** What {@link splice} takes. */
export interface SpliceOptions {
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /** How long a connection of which one direction has ended may go without any progress in the other. */
  readonly lingerMs: number;
}

/** Both ends of a spliced connection; `bytesRead` as sockets have it. */
export interface Ends {
  readonly client: Duplex & { readonly bytesRead?: number };
  readonly backend: Duplex & { readonly bytesRead?: number };
}

const progressOf = ({ client, backend }: Ends): string =>
  [client.bytesRead, client.writableLength, backend.bytesRead, backend.writableLength].join();

/** Lets what was written go out, then closes. */
const closeAfterWrites = (end: Duplex): void => {
  if (end.writableFinished) end.destroy();
  else end.once("finish", () => end.destroy()).end();
};

/** When one end is gone for good, the other has nobody to talk to. */
const closeWith = (gone: Duplex, other: Duplex): void => {
  if (gone.readableEnded && gone.errored === null) closeAfterWrites(other);
  else other.destroy();
};

/**
 * Joins two connections byte by byte until both are closed. Each direction ends on its own; a slow reader holds the other side's writer
 * back. An end that fails, or a signal, closes both; once a direction has ended, so does standing still for `lingerMs`, which keeps
 * half-closed connections from piling up.
 */
export const splice = async (ends: Ends, { signal, clock, lingerMs }: SpliceOptions): Promise<void> => {
  const { client, backend } = ends;
  const destroyBoth = (): void => {
    client.destroy();
    backend.destroy();
  };
  let linger: Disposable | undefined;
  const watchProgress = (before: string): void => {
    linger?.[Symbol.dispose]();
    linger = clock.schedule(lingerMs, () => {
      const now = progressOf(ends);
      if (now === before) destroyBoth();
      else watchProgress(now);
    });
  };
  const closed = Promise.all(
    ([client, backend] as const).map((end) => {
      const other = end === client ? backend : client;
      end.on("error", destroyBoth);
      end.once("end", () => watchProgress(progressOf(ends)));
      return new Promise<void>((resolve) => {
        const onClose = (): void => {
          closeWith(end, other);
          resolve();
        };
        if (end.closed) onClose();
        else end.once("close", onClose);
      });
    }),
  );
  signal.addEventListener("abort", destroyBoth, { once: true });
  if (signal.aborted) destroyBoth();
  client.pipe(backend);
  backend.pipe(client);
  await closed;
  linger?.[Symbol.dispose]();
  signal.removeEventListener("abort", destroyBoth);
};
