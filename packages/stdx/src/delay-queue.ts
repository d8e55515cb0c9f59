import type { Clock } from "./clock.ts";

/**
 * Keys that fall due, each at one instant. Instants are wall time (`clock.nowMs()`), but a jump of the wall clock after scheduling changes no
 * delay. Once disposed it stays empty: work that ends later must not arm a timer that nobody stops.
 */
export interface DelayQueue<K> extends Disposable {
  /** Makes the key due at `atMs`, replacing what was scheduled for it. An instant that has passed is due at the next turn. */
  schedule(key: K, atMs: number): void;
  /** Like `schedule`, but keeps what is there when that is earlier. */
  scheduleEarlier(key: K, atMs: number): void;
  /** Forgets the key; nothing happens when it is not there. */
  cancel(key: K): void;
  /** The earliest instant, as it was given. */
  nextAtMs(): number | undefined;
  /** Keys that wait. */
  readonly size: number;
}

/** What {@link createDelayQueue} takes. */
export interface DelayQueueOptions<K> {
  readonly clock: Clock;
  /** Called once per due key, in the order of their instants, outside of any call into the queue. It may schedule again; it must not throw. */
  readonly onDue: (key: K) => void;
}

interface Entry<K> {
  readonly key: K;
  readonly atMs: number;
  /** The same instant on the monotonic clock. */
  readonly dueMs: number;
  readonly sequence: number;
}

const isBefore = <K>(a: Entry<K>, b: Entry<K>): boolean => a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.sequence < b.sequence);

/** Adds to a binary heap kept in an array, earliest first. */
const pushEntry = <K>(heap: Entry<K>[], entry: Entry<K>): void => {
  let index = heap.length;
  while (index > 0) {
    const parentIndex = (index - 1) >> 1;
    const parent = heap[parentIndex];
    if (parent === undefined || isBefore(parent, entry)) break;
    heap[index] = parent;
    index = parentIndex;
  }
  heap[index] = entry;
};

/** Takes the earliest entry out. */
const popEntry = <K>(heap: Entry<K>[]): void => {
  const moved = heap.pop();
  if (moved === undefined || heap.length === 0) return;
  let index = 0;
  for (;;) {
    const leftIndex = 2 * index + 1;
    const left = heap[leftIndex];
    const right = heap[leftIndex + 1];
    const isRight = left !== undefined && right !== undefined && isBefore(right, left);
    const child = isRight ? right : left;
    if (child === undefined || isBefore(moved, child)) break;
    heap[index] = child;
    index = isRight ? leftIndex + 1 : leftIndex;
  }
  heap[index] = moved;
};

/** An empty queue. It holds one timer while keys wait, none otherwise. */
export const createDelayQueue = <K>(options: DelayQueueOptions<K>): DelayQueue<K> => {
  const { clock, onDue } = options;
  const entries = new Map<K, Entry<K>>();
  let heap: Entry<K>[] = [];
  let sequence = 0;
  let isDisposed = false;
  let armed: { readonly dueMs: number; readonly timer: Disposable } | undefined;

  /** The earliest entry that still counts. Replaced and cancelled entries stay in the heap until they surface here. */
  const peek = (): Entry<K> | undefined => {
    for (let top = heap[0]; top !== undefined; top = heap[0]) {
      if (entries.get(top.key) === top) return top;
      popEntry(heap);
    }
    return undefined;
  };
  const disarm = (): void => {
    armed?.timer[Symbol.dispose]();
    armed = undefined;
  };
  const arm = (): void => {
    const next = peek();
    if (next === undefined) return disarm();
    if (armed?.dueMs === next.dueMs) return;
    disarm();
    armed = { dueMs: next.dueMs, timer: clock.schedule(next.dueMs - clock.monotonicMs(), fire) };
  };
  const fire = (): void => {
    armed = undefined;
    // Due keys are collected first, so that a key which schedules itself for "now" cannot keep this loop going.
    const dueKeys: K[] = [];
    const nowMs = clock.monotonicMs();
    for (let next = peek(); next !== undefined && next.dueMs <= nowMs; next = peek()) {
      popEntry(heap);
      entries.delete(next.key);
      dueKeys.push(next.key);
    }
    arm();
    for (const key of dueKeys) onDue(key);
  };
  const schedule = (key: K, atMs: number): void => {
    if (isDisposed) return;
    sequence += 1;
    const entry = { key, atMs, dueMs: clock.monotonicMs() + (atMs - clock.nowMs()), sequence };
    entries.set(key, entry);
    if (heap.length > 2 * entries.size + 64) {
      heap = [];
      for (const kept of entries.values()) pushEntry(heap, kept);
    } else pushEntry(heap, entry);
    arm();
  };

  return {
    schedule,
    scheduleEarlier(key, atMs) {
      const present = entries.get(key);
      if (present === undefined || clock.monotonicMs() + (atMs - clock.nowMs()) < present.dueMs) schedule(key, atMs);
    },
    cancel(key) {
      if (entries.delete(key)) arm();
    },
    nextAtMs: () => peek()?.atMs,
    get size() {
      return entries.size;
    },
    [Symbol.dispose]() {
      isDisposed = true;
      entries.clear();
      heap = [];
      disarm();
    },
  };
};
