import { raceSignal } from "@nk/stdx";

interface Flight<T> {
  readonly promise: Promise<T>;
  readonly controller: AbortController;
  passengers: number;
}

/** Lets callers that want the same thing at the same time share one task. */
export interface PullFlights<T> {
  /** Joins the task of that key or starts it. The task is aborted when its last caller has left. */
  join(key: string, task: (signal: AbortSignal) => Promise<T>, options: { readonly signal?: AbortSignal | undefined }): Promise<T>;
  readonly size: number;
}

export const createPullFlights = <T>(): PullFlights<T> => {
  const flights = new Map<string, Flight<T>>();

  const start = (key: string, task: (signal: AbortSignal) => Promise<T>): Flight<T> => {
    const controller = new AbortController();
    const flight: Flight<T> = { controller, passengers: 0, promise: task(controller.signal) };
    const land = (): void => {
      if (flights.get(key) === flight) flights.delete(key);
    };
    flight.promise.then(land, land);
    flights.set(key, flight);
    return flight;
  };

  return {
    join: async (key, task, { signal }) => {
      signal?.throwIfAborted();
      const flight = flights.get(key) ?? start(key, task);
      flight.passengers += 1;
      try {
        return await raceSignal(flight.promise, signal);
      } finally {
        flight.passengers -= 1;
        if (flight.passengers === 0) {
          // Nobody may join a task that is being aborted.
          if (flights.get(key) === flight) flights.delete(key);
          flight.controller.abort();
        }
      }
    },
    get size() {
      return flights.size;
    },
  };
};
