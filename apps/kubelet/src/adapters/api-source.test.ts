import type { Pod } from "@nk/pod-model";
import { describe, expect, it, vi } from "vitest";
import { createApiSource } from "./api-source.ts";
import type { WatchItem } from "./watched-objects.ts";

const pod = (uid: string): Pod => ({ metadata: { uid, name: uid, namespace: "ns" } });

/** What the sink is told while the watch delivers the items. */
const play = async (items: readonly WatchItem<Pod>[]): Promise<readonly string[]> => {
  const told: string[] = [];
  const run = createApiSource(
    {
      watch: async function* () {
        yield* items;
      },
      ready: Promise.resolve(),
    },
    {
      appeared: ({ uid }) => void told.push(`appeared ${uid}`),
      shown: ({ metadata }) => void told.push(`shown ${metadata?.uid}`),
      gone: ({ uid }) => void told.push(`gone ${uid}`),
      applySnapshot: ({ pods }) => void told.push(`snapshot of ${pods.length}`),
      applyUpdate: ({ type, pod: { metadata } }) => void told.push(`${type} ${metadata?.uid}`),
    },
  );
  await run(new AbortController().signal);
  return told;
};

describe("pods of the API", () => {
  it("are new only when they were in no list: what a list shows, an earlier kubelet may have started", async () => {
    expect(
      await play([
        { type: "synced", items: [pod("a")] },
        { type: "added", object: pod("b") },
        { type: "modified", object: pod("b") },
        { type: "modified", object: pod("a") },
        // The watch was broken off: c may have come before or after.
        { type: "synced", items: [pod("b"), pod("c")] },
        { type: "modified", object: pod("c") },
        { type: "deleted", object: pod("b") },
      ]),
    ).toEqual([
      "shown a",
      "snapshot of 1",
      "appeared b",
      "shown b",
      "update b",
      "shown b",
      "update b",
      "shown a",
      "update a",
      "gone a",
      "shown b",
      "shown c",
      "snapshot of 2",
      "shown c",
      "update c",
      "gone b",
      "remove b",
    ]);
  });

  it("are not waited for any longer when the kubelet stops, whatever has to be known before them", async () => {
    const stop = new AbortController();
    const shown = vi.fn<(pod: Pod) => void>();
    const isRead = Promise.withResolvers<void>();
    const run = createApiSource(
      {
        watch: async function* () {
          isRead.resolve();
          yield { type: "synced", items: [pod("a")] };
        },
        ready: new Promise(() => {}),
      },
      { appeared: () => {}, shown, gone: () => {}, applySnapshot: () => {}, applyUpdate: () => {} },
    );
    const ended = run(stop.signal).catch((error: unknown) => error);
    await isRead.promise;
    stop.abort(new Error("received SIGTERM"));
    expect(await ended).toBe(stop.signal.reason);
    expect(shown).not.toHaveBeenCalled();
  });
});
