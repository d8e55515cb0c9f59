import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect, it } from "vitest";
import { createMemoryStore } from "../../src/storage/memory-store.ts";
import { openSqlitePersistence } from "../../src/storage/sqlite-persistence.ts";

const source = join(import.meta.dirname, "../../src");

/** Writes pods as fast as it can and says after each that it is written. */
const WRITER = `
  import { createMemoryStore } from ${JSON.stringify(join(source, "storage/memory-store.ts"))};
  import { openSqlitePersistence } from ${JSON.stringify(join(source, "storage/sqlite-persistence.ts"))};
  const store = createMemoryStore({ persistence: openSqlitePersistence({ path: process.argv[1] }) });
  for (let index = 0; ; index += 1) {
    store.create({ group: "", resource: "pods" }, { metadata: { name: "p" + index, namespace: "default" } });
    process.stdout.write(index + "\\n");
    if (index % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
`;

it("has everything that was said to be written after kill -9", { timeout: 30_000 }, async () => {
  const directory = mkdtempSync(join(tmpdir(), "kill-"));
  const path = join(directory, "objects.sqlite");
  const child = spawn(process.execPath, ["--conditions=@nk/source", "--input-type=module", "--eval", WRITER, path], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let last = -1;
  for await (const line of createInterface({ input: child.stdout })) {
    last = Number(line);
    if (last >= 300) child.kill("SIGKILL");
  }
  const persistence = openSqlitePersistence({ path });
  const store = createMemoryStore({ persistence });
  const { items, resourceVersion } = store.list({ group: "", resource: "pods" });
  expect(items.length).toBeGreaterThan(last);
  expect(Number(resourceVersion)).toBe(items.length);
  persistence.close();
  rmSync(directory, { recursive: true });
});
