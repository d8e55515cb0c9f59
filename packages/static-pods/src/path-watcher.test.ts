import { mkdir, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { noopLogger } from "@nk/stdx";
import { describe, expect, it } from "vitest";
import { makeDirectory } from "../test/running-source.ts";
import { createPathWatcher } from "./path-watcher.ts";

describe("createPathWatcher", () => {
  it("never loses a path that comes and goes with its ancestors", async () => {
    await using dir = await makeDirectory();
    const path = dir.at("a/b/c/m");
    let changes = Promise.withResolvers<void>();
    let count = 0;
    using watcher = createPathWatcher(
      path,
      () => {
        count += 1;
        changes.resolve();
      },
      noopLogger,
    );
    const become = async (wanted: string): Promise<void> => {
      for (;;) {
        const change = changes.promise;
        if ((await watcher.follow()) === wanted) return;
        await change;
        changes = Promise.withResolvers();
      }
    };
    await become("missing");
    for (let round = 0; round < 30; round += 1) {
      const made = mkdir(path, { recursive: true });
      await Promise.all([made, become("directory")]);
      const removed = rm(round % 2 === 0 ? dir.at("a") : dirname(path), { recursive: true });
      await Promise.all([removed, become("missing")]);
    }
    expect(count).toBeGreaterThan(30);
  });

  it("rejects when the path can't be looked at", async () => {
    using watcher = createPathWatcher(`/${"x".repeat(300)}`, () => {}, noopLogger);
    await expect(watcher.follow()).rejects.toMatchObject({ code: "ENAMETOOLONG" });
  });
});
