import { describe, expect, it } from "vitest";
import type { ApiObject, Store } from "../contracts.ts";
import { POD } from "../kinds/core/pod/pod.ts";
import { EVENT } from "../kinds/core/event.ts";
import { EVENT_V1 } from "../kinds/event-v1.ts";
import type { KindDefinition } from "../kinds/kind-definition.ts";
import { createMemoryStore } from "../storage/memory-store.ts";
import { listObjects } from "./list.ts";
import type { ListPage } from "./list.ts";
import { readListOptions } from "./list-options.ts";
import { watchObjects } from "./watch.ts";
import type { WatchEvent } from "./watch.ts";

const PODS = { group: "", resource: "pods" };

const createPods = (store: Store, names: readonly string[], labels: { readonly [key: string]: string } = {}): void => {
  for (const name of names) store.create(PODS, { kind: "Pod", apiVersion: "v1", metadata: { name, namespace: "default", labels } });
};

const list = (store: Store, query: string, definition: KindDefinition = POD): ListPage =>
  listObjects(definition, undefined, { store, options: readListOptions(new URLSearchParams(query), definition, false) });

const namesOf = (page: ListPage): readonly (string | undefined)[] => page.items.map(({ metadata }) => metadata?.name);

describe("a list", () => {
  it("comes in pages, each once, with how many are left", () => {
    const store = createMemoryStore();
    createPods(store, ["a", "b", "c", "d", "e"]);
    const first = list(store, "limit=2");
    expect(first.metadata).toMatchObject({ resourceVersion: "5", remainingItemCount: 3 });
    createPods(store, ["aa"]);
    const second = list(store, `limit=2&continue=${first.metadata.continue}`);
    const third = list(store, `limit=2&continue=${second.metadata.continue}`);
    expect([first, second, third].flatMap(namesOf)).toEqual(["a", "b", "c", "d", "e"]);
    expect(third.metadata).toEqual({ resourceVersion: "5" });
  });

  it("of a page says the version of the first page, so that a watch from there misses nothing", () => {
    const store = createMemoryStore();
    createPods(store, ["a", "b", "c"]);
    const first = list(store, "limit=1");
    store.remove(PODS, { namespace: "default", name: "c" });
    expect(list(store, `limit=5&continue=${first.metadata.continue}`).metadata.resourceVersion).toBe("3");
  });

  it("with a selector does not count what is left", () => {
    const store = createMemoryStore();
    createPods(store, ["a", "b"], { x: "y" });
    expect(list(store, "limit=1&labelSelector=x").metadata.remainingItemCount).toBeUndefined();
  });

  it.each([
    ["resourceVersion=99", 504, "Too large resource version: 99, current: 1"],
    ["resourceVersion=0&resourceVersionMatch=Exact", 422, 'resourceVersionMatch "Exact" is forbidden for resourceVersion "0"'],
    ["resourceVersion=1&resourceVersionMatch=Nearly", 422, "Unsupported value"],
    ["continue=%7B%7D", 400, "continue key is not valid"],
    ["limit=many", 400, "invalid syntax"],
  ])("%s is refused with %i", (query, code, message) => {
    const store = createMemoryStore();
    createPods(store, ["a"]);
    expect(() => list(store, query)).toThrow(expect.objectContaining({ code, message: expect.stringContaining(message) as string }));
  });
});

const watch = (store: Store, query: string, signal: AbortSignal): AsyncGenerator<WatchEvent> =>
  watchObjects(POD, undefined, { store, signal, options: readListOptions(new URLSearchParams(query), POD, true) });

const take = async (events: AsyncGenerator<WatchEvent>, count: number): Promise<readonly string[]> => {
  const told: string[] = [];
  for await (const { type, object } of events) {
    told.push(`${type} ${"code" in object ? String(object.code) : ((object as ApiObject).metadata?.name ?? "")}`);
    if (told.length === count) break;
  }
  return told;
};

describe("a watch", () => {
  it.each([
    ["", ["ADDED a", "ADDED b"]],
    ["resourceVersion=0", ["ADDED a", "ADDED b"]],
    ["resourceVersion=1", ["ADDED b", "MODIFIED a"]],
    [
      "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true",
      ["ADDED a", "ADDED b", "BOOKMARK ", "MODIFIED a"],
    ],
    ["sendInitialEvents=false&resourceVersionMatch=NotOlderThan", ["MODIFIED a"]],
    ["resourceVersion=99", ["ERROR 504"]],
  ])("with %j begins where it should", async (query, expected) => {
    const store = createMemoryStore();
    createPods(store, ["a", "b"]);
    const events = watch(store, query, new AbortController().signal);
    const told = take(events, expected.length);
    // The watch begins when it is first asked.
    await Promise.resolve();
    store.update(PODS, { namespace: "default", name: "a" }, (pod) => ({ ...pod, spec: {} }));
    expect(await told).toEqual(expected);
  });

  it("tells of what enters and leaves its selection as added and deleted", async () => {
    const store = createMemoryStore();
    createPods(store, ["a"], { x: "1" });
    const relabel = (x: string): unknown =>
      store.update(PODS, { namespace: "default", name: "a" }, (pod) => ({ ...pod, metadata: { ...pod.metadata, labels: { x } } }));
    const told = take(watch(store, "resourceVersion=1&labelSelector=x%3D1", new AbortController().signal), 2);
    await Promise.resolve();
    relabel("2");
    relabel("3");
    relabel("1");
    expect(await told).toEqual(["DELETED a", "ADDED a"]);
  });

  it("from a forgotten version ends with 410, as an event", async () => {
    const store = createMemoryStore({ historyLimit: 1 });
    createPods(store, ["a", "b", "c", "d"]);
    expect(await take(watch(store, "resourceVersion=1", new AbortController().signal), 9)).toEqual(["ERROR 410"]);
  });

  it("ends silently with its signal", async () => {
    const controller = new AbortController();
    const told = take(watch(createMemoryStore(), "", controller.signal), 1);
    await Promise.resolve();
    controller.abort();
    expect(await told).toEqual([]);
  });

  it.each([
    ["sendInitialEvents=true", "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"],
    ["resourceVersionMatch=NotOlderThan", "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"],
  ])("with %s alone is refused", (query, message) => {
    expect(() => readListOptions(new URLSearchParams(query), POD, true)).toThrow(message);
  });
});

describe("events of both groups", () => {
  const event: ApiObject = {
    kind: "Event",
    apiVersion: "v1",
    metadata: { name: "e", namespace: "default" },
    involvedObject: { kind: "Pod", name: "p", namespace: "default" },
    reason: "Started",
    message: "hello",
    count: 3,
    reportingComponent: "",
    reportingInstance: "",
  };

  it("are the same objects under other names", () => {
    const store = createMemoryStore();
    store.create({ group: "", resource: "events" }, event);
    expect(list(store, "fieldSelector=involvedObject.name%3Dp", EVENT).items[0]).toMatchObject({ message: "hello", count: 3 });
    const [newer] = list(store, "fieldSelector=regarding.name%3Dp", EVENT_V1).items;
    expect(newer).toMatchObject({ apiVersion: "events.k8s.io/v1", regarding: { name: "p" }, note: "hello", deprecatedCount: 3 });
    expect(newer).not.toHaveProperty("reportingInstance");
  });

  it("lose nothing on the way there and back", () => {
    const { metadata: _metadata, ...fields } = event;
    const { metadata: _there, ...back } = EVENT_V1.storedAs?.toStored(EVENT_V1.storedAs.fromStored(event)) ?? {};
    expect(back).toEqual(fields);
  });
});
