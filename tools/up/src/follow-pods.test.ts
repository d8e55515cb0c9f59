import type { ApiChange, ApiClient, ApiJson } from "@nk/tool-lab";
import { expect, it } from "vitest";
import { followPods } from "./follow-pods.ts";

const pod = (name: string): ApiJson => ({ metadata: { name, uid: `uid-${name}` } });

/** An API that plays one turn for each list: an error, or a list and its watch. */
const playing = (turns: readonly (Error | { readonly items: readonly ApiJson[]; readonly changes: readonly ApiChange[] })[]): ApiClient => {
  let turn = -1;
  const current = () => turns[Math.min(turn, turns.length - 1)];
  return {
    request: () => Promise.reject(new Error("is not asked")),
    json: async () => {
      turn += 1;
      const now = current();
      if (now instanceof Error || now === undefined) throw now ?? new Error("no turn");
      return { metadata: { resourceVersion: String(turn) }, items: now.items };
    },
    watch: async function* () {
      const now = current();
      if (now !== undefined && !(now instanceof Error)) yield* now.changes;
    },
    close: () => undefined,
  };
};

const namesOf = async (api: ApiClient, count: number, patienceMs = 1000): Promise<readonly string[]> => {
  const seen: string[] = [];
  for await (const pods of followPods(api, { path: "/api/v1/pods", signal: AbortSignal.timeout(5000), patienceMs })) {
    seen.push(pods.map(({ metadata }) => metadata?.name).join(" "));
    if (seen.length === count) break;
  }
  return seen;
};

it("shows the list, and all pods again at each change", async () => {
  const changes: ApiChange[] = [
    { type: "ADDED", object: pod("b") },
    { type: "BOOKMARK", object: {} },
    { type: "DELETED", object: pod("a") },
  ];
  expect(await namesOf(playing([{ items: [pod("a")], changes }]), 3)).toEqual(["a", "a b", "b"]);
});

it("lists again when a watch ends, or says that its version is too old, or the API was away", async () => {
  const api = playing([
    { items: [pod("a")], changes: [] },
    { items: [pod("b")], changes: [{ type: "ERROR", object: {} }] },
    new Error("connection refused"),
    { items: [pod("c")], changes: [] },
  ]);
  expect(await namesOf(api, 3)).toEqual(["a", "b", "c"]);
});

it("gives up when the API stays away", async () => {
  await expect(namesOf(playing([{ items: [], changes: [] }, new Error("connection refused")]), 2, 100)).rejects.toThrow(
    "connection refused",
  );
});
