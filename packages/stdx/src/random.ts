import { StdxError } from "./errors.ts";

/** A source of numbers in [0, 1). Not for secrets. */
export type RandomSource = () => number;

/** The machine's own randomness. */
export const systemRandom: RandomSource = () => Math.random();

/** A repeatable source: the same integer seed gives the same numbers (mulberry32, 32 bits of state). For tests and simulations. */
export const createSeededRandom = (seed: number): RandomSource => {
  if (!Number.isInteger(seed)) throw new StdxError("invalid-argument", `cannot seed a random source with ${seed}: not an integer`);
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
};
