import { inspect } from "node:util";

/** A value that must not reach a log, a dump or an error by accident: it prints and serialises as "[masked]". */
export interface Secret<T> {
  /** The value itself. */
  reveal(): T;
  toJSON(): string;
  toString(): string;
}

/** What stands in for a secret value. */
export const MASK = "[masked]";

/** Wraps a value. */
export const createSecret = <T>(value: T): Secret<T> => {
  const secret = { reveal: () => value, toJSON: () => MASK, toString: () => MASK, [inspect.custom]: () => MASK };
  return secret;
};
