import { StdxError } from "./errors.ts";
import { createLinkedList } from "./linked-list.ts";
import type { LinkedList, ListNode } from "./linked-list.ts";

/** Runs tasks of one key one after another, in order, and tasks of different keys side by side. */
export interface KeyedExecutor {
  /**
   * The task's own outcome. A signal that aborts while the task still queues takes it out and rejects with `signal.reason`; a task that
   * runs is left to its own use of the signal. Rejects with "queue-full" when `maxQueued` tasks queue already.
   */
  run<T>(key: string, task: () => Promise<T>, options?: { readonly signal?: AbortSignal | undefined }): Promise<T>;
  /** Tasks that run or queue. */
  readonly size: number;
  /** Resolves when nothing runs or queues, at once if that is so now. */
  onIdle(): Promise<void>;
}

/** What {@link createKeyedExecutor} takes. */
export interface KeyedExecutorOptions {
  /** The most tasks that run at a time over all keys; default `Infinity`. */
  readonly concurrency?: number | undefined;
  /** The most tasks that may queue over all keys, not counting those that run; default 10,000. */
  readonly maxQueued?: number | undefined;
}

/** Runs a task and returns what tells its caller the outcome, to be called when the books are in order again. Never rejects. */
type Job = () => Promise<() => void>;

interface Lane {
  readonly key: string;
  readonly jobs: LinkedList<Job>;
  /** busy: a job runs. ready: has work and waits for a slot of the executor. idle: neither. */
  state: "idle" | "ready" | "busy";
}

/** The lanes of an executor and who runs next: lanes that are ready take turns, first come first served. */
class Lanes {
  queued = 0;
  running = 0;
  readonly #lanes = new Map<string, Lane>();
  readonly #readyLanes = createLinkedList<Lane>();
  readonly #concurrency: number;
  readonly #idleWaiters: (() => void)[] = [];

  constructor(concurrency: number) {
    this.#concurrency = concurrency;
  }

  /** True when a job of this key would start without queueing. */
  hasRoom(key: string): boolean {
    return !this.#lanes.has(key) && this.running < this.#concurrency;
  }

  /** Queues a job for `startReady`; returns what takes it out again (false when it has started). */
  add(key: string, job: Job): () => boolean {
    const lane: Lane = this.#lanes.get(key) ?? { key, jobs: createLinkedList(), state: "idle" };
    this.#lanes.set(key, lane);
    const node: ListNode<Job> = lane.jobs.push(job);
    this.queued += 1;
    if (lane.state === "idle") this.#settle(lane);
    return () => {
      if (!lane.jobs.remove(node)) return false;
      this.queued -= 1;
      this.#reportIdle();
      return true;
    };
  }

  onIdle(): Promise<void> {
    return new Promise((resolve) => {
      this.#idleWaiters.push(resolve);
      this.#reportIdle();
    });
  }

  #settle(lane: Lane): void {
    if (lane.jobs.size > 0) {
      lane.state = "ready";
      this.#readyLanes.push(lane);
    } else {
      lane.state = "idle";
      this.#lanes.delete(lane.key);
    }
  }

  /** Starts jobs while there are free slots; the first step of each runs at once. */
  startReady(): void {
    while (this.running < this.#concurrency) {
      const lane = this.#readyLanes.shift();
      if (lane === undefined) return;
      const job = lane.jobs.shift();
      // Every job of the lane may have been aborted while it waited for a slot.
      if (job === undefined) this.#settle(lane);
      else void this.#runJob(lane, job);
    }
  }

  async #runJob(lane: Lane, job: Job): Promise<void> {
    lane.state = "busy";
    this.queued -= 1;
    this.running += 1;
    const reportOutcome = await job();
    this.running -= 1;
    this.#settle(lane);
    this.startReady();
    reportOutcome();
    this.#reportIdle();
  }

  #reportIdle(): void {
    if (this.running + this.queued > 0) return;
    for (const resolve of this.#idleWaiters.splice(0)) resolve();
  }
}

/** An executor with nothing to do. */
export const createKeyedExecutor = (options: KeyedExecutorOptions = {}): KeyedExecutor => {
  const { concurrency = Infinity, maxQueued = 10_000 } = options;
  if (!(concurrency >= 1)) throw new StdxError("invalid-argument", `cannot create a keyed executor with concurrency ${concurrency}`);
  const lanes = new Lanes(concurrency);

  return {
    run<T>(key: string, task: () => Promise<T>, runOptions?: { readonly signal?: AbortSignal | undefined }): Promise<T> {
      const signal = runOptions?.signal;
      return new Promise<T>((resolve, reject) => {
        if (signal?.aborted) {
          reject(signal.reason as Error);
          return;
        }
        if (!lanes.hasRoom(key) && lanes.queued >= maxQueued) {
          reject(new StdxError("queue-full", `cannot queue a task for ${key}: ${lanes.queued} tasks queue already`));
          return;
        }
        const withdraw = lanes.add(key, async () => {
          signal?.removeEventListener("abort", onAbort);
          try {
            const value = await task();
            return () => resolve(value);
          } catch (error) {
            return () => reject(error as Error);
          }
        });
        const onAbort = (): void => {
          if (withdraw()) reject(signal?.reason as Error);
        };
        signal?.addEventListener("abort", onAbort, { once: true });
        lanes.startReady();
      });
    },
    get size() {
      return lanes.running + lanes.queued;
    },
    onIdle: () => lanes.onIdle(),
  };
};
