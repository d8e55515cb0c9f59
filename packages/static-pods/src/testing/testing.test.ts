import type { SourceSnapshot } from "@nk/pod-model";
import { describe, expect, it } from "vitest";
import { createFakePodSource } from "./index.ts";

const pod = (uid: string): { readonly metadata: { readonly uid: string } } => ({ metadata: { uid } });

describe("createFakePodSource", () => {
  it("speaks when it is run, at each change, and not after the abort", async () => {
    const snapshots: SourceSnapshot[] = [];
    const source = createFakePodSource({ onSnapshot: (snapshot) => snapshots.push(snapshot), pods: [pod("a")] });
    source.put(pod("b"));
    expect(snapshots).toEqual([]);
    const abort = new AbortController();
    const ended = source.run(abort.signal);
    source.remove("a");
    abort.abort();
    await ended;
    source.replace([]);
    expect(snapshots.map(({ pods }) => pods.map(({ metadata }) => metadata?.uid))).toEqual([["a", "b"], ["b"]]);
    expect(source.pods).toEqual([]);
  });
});
