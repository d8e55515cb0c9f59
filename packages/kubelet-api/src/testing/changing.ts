import { createEmitter } from "@nk/stdx";
import type { Changing } from "../ports.ts";

/** A value that a test changes. */
export const createChanging = <T>(first: T): Changing<T> & { change(value: T): void } => {
  const changes = createEmitter<void>();
  let value = first;
  return {
    current: () => value,
    onChange: (listener) => changes.subscribe(listener),
    change: (next) => {
      value = next;
      changes.emit();
    },
  };
};
