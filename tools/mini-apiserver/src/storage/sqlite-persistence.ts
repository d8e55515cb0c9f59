import { DatabaseSync } from "node:sqlite";
import type { ApiObject } from "../contracts.ts";
import type { Persistence, StoredRow } from "./persistence.ts";

/** What {@link openSqlitePersistence} takes. */
export interface SqliteOptions {
  /** The database; made when missing, with its `-wal` and `-shm` beside it. `:memory:` keeps nothing. */
  readonly path: string;
  /** "normal" (default) survives the end of the process at any moment; "full" also that of the machine, at a disk flush per change. */
  readonly synchronous?: "normal" | "full";
}

interface Row {
  readonly api_group: string;
  readonly resource: string;
  readonly key: string;
  readonly version: number;
  readonly object: string;
}

const TABLES = `
  CREATE TABLE IF NOT EXISTS objects (
    api_group TEXT NOT NULL, resource TEXT NOT NULL, key TEXT NOT NULL, version INTEGER NOT NULL, object TEXT NOT NULL,
    PRIMARY KEY (api_group, resource, key)
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS counter (id INTEGER PRIMARY KEY CHECK (id = 1), version INTEGER NOT NULL);
  INSERT OR IGNORE INTO counter VALUES (1, 0);
`;

/**
 * Opens one SQLite file as a {@link Persistence}: a transaction per change, write-ahead log.
 * @throws Error when another process has it open for writing, or it is no database.
 */
export const openSqlitePersistence = ({ path, synchronous = "normal" }: SqliteOptions): Persistence => {
  const database = new DatabaseSync(path);
  try {
    // Held exclusively: a second server on the same file would give out the same versions.
    database.exec("PRAGMA locking_mode = EXCLUSIVE");
    database.exec("PRAGMA journal_mode = WAL");
    database.exec(`PRAGMA synchronous = ${synchronous.toUpperCase()}`);
    database.exec(TABLES);
  } catch (error) {
    database.close();
    throw new Error(`open the database ${path}`, { cause: error });
  }
  const put = database.prepare("INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?, ?)");
  const drop = database.prepare("DELETE FROM objects WHERE api_group = ? AND resource = ? AND key = ?");
  const count = database.prepare("UPDATE counter SET version = ? WHERE id = 1");
  const begin = database.prepare("BEGIN IMMEDIATE");
  const commit = database.prepare("COMMIT");
  const rollback = database.prepare("ROLLBACK");

  const writeRow = ({ kind, key, object, resourceVersion }: StoredRow): void => {
    if (object === undefined) drop.run(kind.group, kind.resource, key);
    else put.run(kind.group, kind.resource, key, resourceVersion, JSON.stringify(object));
    count.run(resourceVersion);
  };

  return {
    load() {
      const rows = database.prepare("SELECT api_group, resource, key, version, object FROM objects").all() as unknown as readonly Row[];
      const { version } = database.prepare("SELECT version FROM counter").get() as unknown as { readonly version: number };
      return {
        rows: rows.map((row) => ({
          kind: { group: row.api_group, resource: row.resource },
          key: row.key,
          object: JSON.parse(row.object) as ApiObject,
          resourceVersion: row.version,
        })),
        resourceVersion: version,
      };
    },
    write(row) {
      begin.run();
      try {
        writeRow(row);
        commit.run();
      } catch (error) {
        rollback.run();
        throw error;
      }
    },
    close: () => database.close(),
  };
};
