import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createFakeClock } from "@nk/stdx/testing";
import { afterEach, describe, expect, it } from "vitest";
import { isApiError } from "../api-error.ts";
import type { ApiObject, Store, StoreChange } from "../contracts.ts";
import { createMemoryStore } from "./memory-store.ts";
import type { Persistence } from "./persistence.ts";
import { noPersistence } from "./persistence.ts";
import { openSqlitePersistence } from "./sqlite-persistence.ts";

const PODS = { group: "", resource: "pods" };
const NODES = { group: "", resource: "nodes" };

const pod = (name: string, more: ApiObject = {}): ApiObject => ({
  kind: "Pod",
  apiVersion: "v1",
  ...more,
  metadata: { name, namespace: "default", ...more.metadata },
});

const directories: string[] = [];
afterEach(() => {
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true });
});

const newFile = (): string => {
  const directory = mkdtempSync(join(tmpdir(), "store-"));
  directories.push(directory);
  return join(directory, "objects.sqlite");
};

const openers: readonly (readonly [string, () => Persistence])[] = [
  ["in memory", () => noPersistence],
  ["in SQLite", () => openSqlitePersistence({ path: newFile() })],
];

const take = async (changes: AsyncIterable<StoreChange>, count: number): Promise<readonly StoreChange[]> => {
  const taken: StoreChange[] = [];
  for await (const change of changes) {
    taken.push(change);
    if (taken.length === count) break;
  }
  return taken;
};

describe.each(openers)("a store %s", (_name, open) => {
  const createStore = (options: { readonly historyLimit?: number } = {}): Store =>
    createMemoryStore({ persistence: open(), clock: createFakeClock(), ...options });

  it("stamps what is created and gives it back", () => {
    const store = createStore();
    const created = store.create(PODS, pod("a"));
    expect(created.metadata).toMatchObject({ resourceVersion: "1", creationTimestamp: "2026-01-01T00:00:00Z" });
    expect(created.metadata?.uid).toMatch(/^[0-9a-f-]{36}$/u);
    expect(store.get(PODS, { namespace: "default", name: "a" })).toBe(created);
  });

  it("counts versions for all kinds in one", () => {
    const store = createStore();
    store.create(PODS, pod("a"));
    expect(store.create(NODES, { metadata: { name: "n" } }).metadata?.resourceVersion).toBe("2");
    expect(store.list(PODS).resourceVersion).toBe("2");
  });

  it("refuses a name that is taken", () => {
    const store = createStore();
    store.create(PODS, pod("a"));
    expect(() => store.create(PODS, pod("a"))).toThrow('pods "a" already exists');
  });

  it("lists in the order of keys, by namespace if asked", () => {
    const store = createStore();
    for (const name of ["c", "a", "b"]) store.create(PODS, pod(name));
    store.create(PODS, pod("z", { metadata: { namespace: "a-space" } }));
    expect(store.list(PODS).items.map(({ metadata }) => metadata?.name)).toEqual(["z", "a", "b", "c"]);
    expect(store.list(PODS, { namespace: "default" }).items).toHaveLength(3);
  });

  it("takes namespaces apart that begin alike", () => {
    const store = createStore();
    store.create(PODS, pod("a", { metadata: { namespace: "default-2" } }));
    expect(store.list(PODS, { namespace: "default" }).items).toEqual([]);
  });

  it("updates under the version that is held, and refuses a stale one", () => {
    const store = createStore();
    const first = store.create(PODS, pod("a"));
    const where = { namespace: "default", name: "a" };
    const second = store.update(PODS, where, (current) => ({ ...current, spec: { nodeName: "n" } }));
    expect(second.metadata?.resourceVersion).toBe("2");
    expect(() => store.update(PODS, where, () => ({ ...first, spec: { nodeName: "m" } }))).toThrow("the object has been modified");
    expect(() => store.update(PODS, { namespace: "default", name: "x" }, (current) => current)).toThrow('pods "x" not found');
  });

  it("writes nothing when nothing changes", () => {
    const store = createStore();
    const first = store.create(PODS, pod("a", { spec: { a: 1, b: 2 } }));
    const where = { namespace: "default", name: "a" };
    expect(store.update(PODS, where, (current) => ({ ...current, spec: { b: 2, a: 1 } }))).toBe(first);
    expect(store.resourceVersion).toBe("1");
  });

  it("keeps uid and time of creation whatever an update says", () => {
    const store = createStore();
    const { metadata } = store.create(PODS, pod("a"));
    const updated = store.update(PODS, { namespace: "default", name: "a" }, (current) => ({
      ...current,
      spec: {},
      metadata: { ...current.metadata, uid: "other", creationTimestamp: "1999-01-01T00:00:00Z" },
    }));
    expect(updated.metadata).toMatchObject({ uid: metadata?.uid, creationTimestamp: metadata?.creationTimestamp });
  });

  it("tells a watcher the past after a version and then the present", async () => {
    const store = createStore();
    store.create(PODS, pod("a"));
    store.create(PODS, pod("b"));
    const { signal } = new AbortController();
    const changes = store.watch(PODS, { resourceVersion: "1", signal });
    store.update(PODS, { namespace: "default", name: "a" }, (current) => ({ ...current, spec: {} }));
    store.remove(PODS, { namespace: "default", name: "b" });
    const told = await take(changes, 3);
    expect(told.map(({ type, object, resourceVersion }) => [type, object.metadata?.name, resourceVersion])).toEqual([
      ["ADDED", "b", "2"],
      ["MODIFIED", "a", "3"],
      ["DELETED", "b", "4"],
    ]);
    expect(told[2]?.object.metadata?.resourceVersion).toBe("4");
    expect(told[1]?.previous?.metadata?.resourceVersion).toBe("1");
  });

  it("tells a watcher only of its kind and namespace", async () => {
    const store = createStore();
    const { signal } = new AbortController();
    const changes = store.watch(PODS, { resourceVersion: "0", namespace: "default", signal });
    store.create(NODES, { metadata: { name: "n" } });
    store.create(PODS, pod("x", { metadata: { namespace: "other" } }));
    store.create(PODS, pod("a"));
    expect((await take(changes, 1))[0]?.object.metadata?.name).toBe("a");
  });

  it("ends a watch when its signal aborts", async () => {
    const store = createStore();
    const controller = new AbortController();
    const changes = store.watch(PODS, { resourceVersion: "0", signal: controller.signal });
    controller.abort();
    expect(await take(changes, 1)).toEqual([]);
  });

  it("refuses a watch from a version it has forgotten", () => {
    const store = createStore({ historyLimit: 2 });
    for (let index = 0; index < 10; index += 1) store.create(PODS, pod(`p${index}`));
    const { signal } = new AbortController();
    expect(() => store.watch(PODS, { resourceVersion: "1", signal })).toThrow(/^too old resource version: 1 \(\d+\)$/u);
  });
});

describe("a store on a file", () => {
  it("has everything again after it was closed, and goes on counting", () => {
    const path = newFile();
    const first = openSqlitePersistence({ path });
    const before = createMemoryStore({ persistence: first });
    before.create(PODS, pod("a", { spec: { text: "ünïcode \u0000" } }));
    before.create(PODS, pod("b"));
    before.remove(PODS, { namespace: "default", name: "b" });
    const kept = before.get(PODS, { namespace: "default", name: "a" });
    first.close();
    const second = openSqlitePersistence({ path });
    const after = createMemoryStore({ persistence: second });
    expect(after.get(PODS, { namespace: "default", name: "a" })).toEqual(kept);
    expect(after.list(PODS).items).toHaveLength(1);
    expect(after.create(PODS, pod("c")).metadata?.resourceVersion).toBe("4");
    second.close();
  });

  it("can be watched from its last version on, but not from before", () => {
    const path = newFile();
    const first = openSqlitePersistence({ path });
    const before = createMemoryStore({ persistence: first });
    before.create(PODS, pod("a"));
    before.create(PODS, pod("b"));
    first.close();
    const after = createMemoryStore({ persistence: openSqlitePersistence({ path }) });
    const { signal } = new AbortController();
    expect(() => after.watch(PODS, { resourceVersion: "2", signal })).not.toThrow();
    expect(() => after.watch(PODS, { resourceVersion: "1", signal })).toThrow("too old resource version: 1 (2)");
  });

  it("changes nothing when the change could not be kept", () => {
    const store = createMemoryStore({
      persistence: {
        ...noPersistence,
        write: () => {
          throw new Error("disk full");
        },
      },
    });
    expect(() => store.create(PODS, pod("a"))).toThrow("disk full");
    expect(store.get(PODS, { namespace: "default", name: "a" })).toBeUndefined();
    expect(store.resourceVersion).toBe("0");
  });

  it("says what could not be opened", () => {
    expect(() => openSqlitePersistence({ path: "/nonexistent/objects.sqlite" })).toThrow("unable to open database file");
  });
});

describe("a watcher that does not read", () => {
  it("is dropped with 410 when it lags too far, without harm to the store", async () => {
    const store = createMemoryStore({ backlogLimit: 2 });
    const { signal } = new AbortController();
    const changes = store.watch(PODS, { resourceVersion: "0", signal });
    for (let index = 0; index < 5; index += 1) store.create(PODS, pod(`p${index}`));
    const error = await take(changes, 5).catch((reason: unknown) => reason);
    expect(isApiError(error, "Expired")).toBe(true);
    expect(store.list(PODS).items).toHaveLength(5);
  });
});
