import { createKeyedExecutor, isStdxError } from "@nk/stdx";
import { CniError } from "./errors.ts";

/** What an operation is about. */
export interface LockOptions {
  readonly networkName: string;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Who may run beside whom (SPEC.md 1.1.0, section 3, "Lifecycle & Ordering"): operations on one container never; those on different
 * containers do; garbage collection of a network alone on that network. First come, first served.
 */
export interface NetworkLocks {
  /** Runs a task on one container of a network. */
  withContainer<T>(containerId: string, options: LockOptions, task: () => Promise<T>): Promise<T>;
  /** Runs a task when nothing else runs on the network. */
  withNetwork<T>(options: LockOptions, task: () => Promise<T>): Promise<T>;
  /** Runs a task of a garbage collection, which has the network to itself, on one container. */
  withContainerOnly<T>(containerId: string, options: LockOptions, task: () => Promise<T>): Promise<T>;
}

interface Waiter {
  readonly isAlone: boolean;
  readonly start: () => void;
}

/** One network's turns. */
interface Turns {
  shared: number;
  isAlone: boolean;
  readonly waiters: Waiter[];
}

const isFree = ({ shared, isAlone }: Turns, wantsAlone: boolean): boolean => !isAlone && (!wantsAlone || shared === 0);

/** Gives turns to those at the head of the line who can run now. */
const startReady = (turns: Turns): void => {
  for (let head = turns.waiters[0]; head !== undefined && isFree(turns, head.isAlone); head = turns.waiters[0]) {
    turns.waiters.shift();
    if (head.isAlone) turns.isAlone = true;
    else turns.shared += 1;
    head.start();
  }
};

const waitForTurn = (turns: Turns, isAlone: boolean, signal: AbortSignal | undefined): Promise<void> =>
  new Promise((resolve, reject) => {
    const waiter: Waiter = {
      isAlone,
      start: () => {
        signal?.removeEventListener("abort", onAbort);
        resolve();
      },
    };
    const onAbort = (): void => {
      turns.waiters.splice(turns.waiters.indexOf(waiter), 1);
      // Whoever waited behind this one may have been held up by it alone.
      startReady(turns);
      reject(signal?.reason as Error);
    };
    signal?.addEventListener("abort", onAbort, { once: true });
    turns.waiters.push(waiter);
    startReady(turns);
  });

/** The locks of one `createCni`; other processes do not see them. */
export const createNetworkLocks = (maxQueued: number): NetworkLocks => {
  const networks = new Map<string, Turns>();
  const containers = createKeyedExecutor({ maxQueued });
  const countWaiters = (): number => [...networks.values()].reduce((sum, { waiters }) => sum + waiters.length, 0);
  const full = (what: string): CniError =>
    new CniError("queue-full", `cannot queue an operation on ${what}: ${maxQueued} operations queue already`);

  const withTurn = async <T>(isAlone: boolean, { networkName, signal }: LockOptions, task: () => Promise<T>): Promise<T> => {
    signal?.throwIfAborted();
    const turns = networks.get(networkName) ?? { shared: 0, isAlone: false, waiters: [] };
    if ((turns.waiters.length > 0 || !isFree(turns, isAlone)) && countWaiters() >= maxQueued) throw full(`network ${networkName}`);
    networks.set(networkName, turns);
    await waitForTurn(turns, isAlone, signal);
    try {
      return await task();
    } finally {
      if (isAlone) turns.isAlone = false;
      else turns.shared -= 1;
      startReady(turns);
      if (turns.shared === 0 && !turns.isAlone && turns.waiters.length === 0) networks.delete(networkName);
    }
  };

  const withContainerOnly = async <T>(containerId: string, { signal }: LockOptions, task: () => Promise<T>): Promise<T> => {
    try {
      return await containers.run(containerId, task, { signal });
    } catch (error) {
      throw isStdxError(error) && error.code === "queue-full" ? full(`container ${containerId}`) : error;
    }
  };

  return {
    // The container's lock is always the inner one: who has it waits for nobody, so that no two operations wait for each other.
    withContainer: (containerId, options, task) => withTurn(false, options, () => withContainerOnly(containerId, options, task)),
    withNetwork: (options, task) => withTurn(true, options, task),
    withContainerOnly,
  };
};
