import { raceSignal } from "@nk/stdx";
import type { Lane } from "./lane.ts";

/** Lets a limited number of lanes be served at a time, urgent ones in places of their own. */
export interface Slots {
  /** Queues a lane; one that queues already moves to the urgent ones if it has become urgent. */
  enqueue(lane: Lane, isUrgent: boolean): void;
  /** Serves until the signal aborts; resolves when nothing is being served any more. */
  run(signal: AbortSignal): Promise<void>;
}

/** How lanes are served. */
export interface SlotsOptions {
  /** Urgent lanes at a time. */
  readonly maxUrgent: number;
  /** The others at a time. */
  readonly maxNormal: number;
  /** Serves one lane; must not reject. */
  readonly start: (lane: Lane, signal: AbortSignal) => Promise<void>;
}

interface Line {
  readonly places: number;
  readonly queue: Set<Lane>;
  running: number;
}

/** Creates it with nothing queued. */
export const createSlots = ({ maxUrgent, maxNormal, start }: SlotsOptions): Slots => {
  const urgent: Line = { places: maxUrgent, queue: new Set(), running: 0 };
  const normal: Line = { places: maxNormal, queue: new Set(), running: 0 };
  const served = new Set<Promise<void>>();
  let signal: AbortSignal | undefined;
  let isPumpDue = false;

  const serve = async (line: Line, lane: Lane, current: AbortSignal): Promise<void> => {
    line.running += 1;
    await start(lane, current);
    line.running -= 1;
    pump();
  };
  const pump = (): void => {
    isPumpDue = false;
    if (signal === undefined || signal.aborted) return;
    for (const line of [urgent, normal]) {
      for (const lane of line.queue) {
        if (line.running >= line.places) break;
        line.queue.delete(lane);
        // It may have been withdrawn: closed, or forgotten and idle.
        if (lane.state !== "queued") continue;
        const done: Promise<void> = serve(line, lane, signal).finally(() => served.delete(done));
        served.add(done);
      }
    }
  };
  /** At the end of the turn, so that several changes of one turn become one write. */
  const pumpSoon = (): void => {
    if (isPumpDue) return;
    isPumpDue = true;
    queueMicrotask(pump);
  };
  return {
    enqueue(lane, isUrgent) {
      if (isUrgent) normal.queue.delete(lane);
      if (!urgent.queue.has(lane)) (isUrgent ? urgent : normal).queue.add(lane);
      pumpSoon();
    },
    async run(given) {
      given.throwIfAborted();
      signal = given;
      pumpSoon();
      await raceSignal(new Promise<never>(() => undefined), given).catch(() => undefined);
      await Promise.all(served);
    },
  };
};
