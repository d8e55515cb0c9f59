import { createSeededRandom } from "@nk/stdx";
import { createFakeClock } from "@nk/stdx/testing";
import type { FakeClock } from "@nk/stdx/testing";
import { beforeEach, describe, expect, it } from "vitest";
import type { ApiObject, Store } from "../contracts.ts";
import { createInitialObjects } from "../kinds/initial-objects.ts";
import { createMemoryStore } from "../storage/memory-store.ts";
import { createLocalClient } from "./local-client.ts";
import type { LocalClient } from "./local-client.ts";

const PODS = { group: "", resource: "pods" };
const where = { namespace: "default", name: "p" };

let clock: FakeClock;
let store: Store;
let client: LocalClient;

beforeEach(() => {
  clock = createFakeClock();
  store = createMemoryStore({ clock });
  createInitialObjects(store);
  client = createLocalClient({ store, clock, random: createSeededRandom(1) });
});

const createPod = (spec: object = { nodeName: "n" }, metadata: object = {}): ApiObject =>
  client.create(PODS, { metadata: { ...where, ...metadata }, spec: { containers: [{ name: "c", image: "x" }], ...spec } });

const setPhase = (phase: string): void => {
  client.update(PODS, (pod) => ({ ...pod, status: { phase } }), { ...where, subresource: "status" });
};

describe("a pod is deleted", () => {
  it("with its own grace, and a new generation, and stays until it is deleted for good", () => {
    createPod({ nodeName: "n", terminationGracePeriodSeconds: 20 });
    const { object, isGone } = client.delete(PODS, where);
    expect(isGone).toBe(false);
    expect(object.metadata).toMatchObject({ deletionTimestamp: "2026-01-01T00:00:20Z", deletionGracePeriodSeconds: 20, generation: 2 });
    expect(client.delete(PODS, where, { gracePeriodSeconds: 0 }).isGone).toBe(true);
    expect(store.get(PODS, where)).toBeUndefined();
  });

  it("at once when no node has it", () => {
    createPod({});
    expect(client.delete(PODS, where).isGone).toBe(true);
  });

  it.each(["Succeeded", "Failed"])("at once when it is %s", (phase) => {
    createPod();
    setPhase(phase);
    expect(client.delete(PODS, where).isGone).toBe(true);
  });

  it("sooner when asked again with less grace, counted from the first time", async () => {
    createPod();
    client.delete(PODS, where, { gracePeriodSeconds: 60 });
    await clock.advance(5000);
    const { metadata } = client.delete(PODS, where, { gracePeriodSeconds: 10 }).object;
    expect(metadata).toMatchObject({ deletionTimestamp: "2026-01-01T00:00:10Z", deletionGracePeriodSeconds: 10, generation: 2 });
  });

  it("within a second when the shorter grace is over already", async () => {
    createPod();
    client.delete(PODS, where, { gracePeriodSeconds: 60 });
    await clock.advance(30_000);
    const { metadata } = client.delete(PODS, where, { gracePeriodSeconds: 10 }).object;
    expect(metadata).toMatchObject({ deletionTimestamp: "2026-01-01T00:00:30Z", deletionGracePeriodSeconds: 1 });
  });

  it("no later when asked again with more grace, or without saying", () => {
    createPod();
    client.delete(PODS, where, { gracePeriodSeconds: 10 });
    const version = store.get(PODS, where)?.metadata?.resourceVersion;
    client.delete(PODS, where, { gracePeriodSeconds: 60 });
    client.delete(PODS, where);
    expect(store.get(PODS, where)?.metadata?.resourceVersion).toBe(version);
  });

  it("in one second when the grace is negative", () => {
    createPod();
    expect(client.delete(PODS, where, { gracePeriodSeconds: -5 }).object.metadata?.deletionGracePeriodSeconds).toBe(1);
  });

  it("not before its finalizers are gone", () => {
    createPod({}, { finalizers: ["example.org/hold"] });
    expect(client.delete(PODS, where).isGone).toBe(false);
    expect(client.delete(PODS, where, { gracePeriodSeconds: 0 }).isGone).toBe(false);
    client.update(PODS, (pod) => ({ ...pod, metadata: { ...pod.metadata, finalizers: [] } }), where);
    expect(store.get(PODS, where)).toBeUndefined();
  });

  it("only the one that is meant", () => {
    const { metadata } = createPod();
    expect(() => client.delete(PODS, where, { preconditions: { uid: "other" } })).toThrow("does not match the UID in record");
    expect(() => client.delete(PODS, where, { preconditions: { resourceVersion: "1" } })).toThrow("does not match the ResourceVersion");
    expect(client.delete(PODS, where, { preconditions: { uid: metadata?.uid } }).isGone).toBe(false);
  });

  it("for nobody in a dry run", () => {
    createPod({});
    expect(client.delete(PODS, where, { dryRun: true }).isGone).toBe(true);
    expect(store.get(PODS, where)).toBeDefined();
  });
});

describe("a deleted pod", () => {
  it("takes no new finalizers", () => {
    createPod();
    client.delete(PODS, where);
    const change = (pod: ApiObject): ApiObject => ({ ...pod, metadata: { ...pod.metadata, finalizers: ["example.org/late"] } });
    expect(() => client.update(PODS, change, where)).toThrow("no new finalizers can be added if the object is being deleted");
  });

  it("still takes a status, and is still there after it", () => {
    createPod();
    client.delete(PODS, where);
    setPhase("Succeeded");
    expect(store.get(PODS, where)).toMatchObject({ status: { phase: "Succeeded", qosClass: "BestEffort" } });
  });

  it("leaves its name to nobody while it is there", () => {
    createPod();
    client.delete(PODS, where);
    expect(() => createPod()).toThrow('object is being deleted: pods "p" already exists');
  });
});

describe("a namespace", () => {
  const NAMESPACES = { group: "", resource: "namespaces" };

  it("ends when its contents are gone: whoever empties it takes its finalizer", () => {
    client.create(NAMESPACES, { metadata: { name: "x" } });
    expect(client.delete(NAMESPACES, { name: "x" }).object).toMatchObject({ status: { phase: "Terminating" } });
    const create = (): unknown => client.create({ group: "", resource: "configmaps" }, { metadata: { name: "c", namespace: "x" } });
    expect(create).toThrow('configmaps "c" is forbidden: unable to create new content in namespace x because it is being terminated');
    client.update(NAMESPACES, (namespace) => ({ ...namespace, spec: {} }), { name: "x", subresource: "finalize" });
    expect(store.get(NAMESPACES, { name: "x" })).toBeUndefined();
  });

  it("that everybody needs is not deleted", () => {
    expect(() => client.delete(NAMESPACES, { name: "kube-system" })).toThrow("this namespace may not be deleted");
  });

  it("has to be there first", () => {
    expect(() => client.create(PODS, { metadata: { name: "p", namespace: "nowhere" }, spec: {} })).toThrow(
      'namespaces "nowhere" not found',
    );
  });
});

describe("generations", () => {
  it("count changes of the spec, not of metadata or status", () => {
    createPod();
    const generation = (): number | undefined => store.get(PODS, where)?.metadata?.generation;
    client.update(PODS, (pod) => ({ ...pod, metadata: { ...pod.metadata, labels: { a: "b" } } }), where);
    setPhase("Running");
    expect(generation()).toBe(1);
    client.update(PODS, (pod) => ({ ...pod, spec: { ...(pod["spec"] as object), activeDeadlineSeconds: 10 } }), where);
    expect(generation()).toBe(2);
  });

  it("are not what a client says", () => {
    createPod();
    client.update(PODS, (pod) => ({ ...pod, metadata: { ...pod.metadata, generation: 77 } }), where);
    expect(store.get(PODS, where)?.metadata?.generation).toBe(1);
  });
});
