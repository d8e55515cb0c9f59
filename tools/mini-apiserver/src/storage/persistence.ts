import type { ApiObject, StoredKind } from "../contracts.ts";

/** One object as it is kept. */
export interface StoredRow {
  readonly kind: StoredKind;
  /** `namespace/name`, or `name` of what has no namespace. */
  readonly key: string;
  /** Undefined: it is gone. */
  readonly object: ApiObject | undefined;
  /** Of the change that wrote this row. */
  readonly resourceVersion: number;
}

/** Where a store keeps its objects beyond the life of the process. One writer. */
export interface Persistence {
  /** Everything that was written and not removed, and the last version that was given out. */
  load(): { readonly rows: readonly StoredRow[]; readonly resourceVersion: number };
  /** Keeps the row before it returns; throws when it could not, and then nothing has changed. */
  write(row: StoredRow): void;
  close(): void;
}

/** Keeps nothing. */
export const noPersistence: Persistence = {
  load: () => ({ rows: [], resourceVersion: 0 }),
  write: () => undefined,
  close: () => undefined,
};
