import type { Pod } from "@nk/pod-model";
import { createKubeClient } from "../client.ts";
import type { KubeClient } from "../client.ts";
import { isKubeClientError } from "../errors.ts";
import type { KubeClientErrorCode } from "../errors.ts";
import { kinds } from "../kinds.ts";
import type { ClusterAccess } from "../kubeconfig/access.ts";
import { createToken, evictPod, reviewAccess, reviewToken } from "../reviews.ts";
import type { WatchItem } from "../watch/item-buffer.ts";

/** The few matchers the suite uses; vitest's and jest's `expect` fit. */
export interface ContractMatchers {
  toBe(expected: unknown): void;
  toEqual(expected: unknown): void;
  toContain(expected: unknown): void;
}

/** A server to be tested. */
export interface ContractSubject {
  /** As an administrator. */
  readonly access: ClusterAccess;
  /** A namespace that exists, with the service account "default"; it may be shared by all tests. */
  readonly namespace: string;
}

/** What {@link describeApiServerContract} takes. */
export interface ContractOptions {
  /** A test runner's two functions. */
  readonly test: (name: string, body: () => Promise<void>) => void;
  readonly expect: (actual: unknown) => ContractMatchers;
  /** Called at the start of every test. */
  readonly open: () => Promise<ContractSubject>;
}

let count = 0;

const uniqueName = (): string => {
  count += 1;
  return `contract-${process.pid}-${count}`;
};

const podOf = (namespace: string, name: string, labels: Readonly<Record<string, string>> = {}): Pod => ({
  metadata: { name, namespace, labels },
  spec: { nodeName: "contract-node", terminationGracePeriodSeconds: 7, containers: [{ name: "main", image: "busybox" }] },
});

const codeOf = async (promise: Promise<unknown>): Promise<KubeClientErrorCode | "none"> => {
  try {
    await promise;
    return "none";
  } catch (error) {
    if (isKubeClientError(error)) return error.code;
    throw error;
  }
};

const formatItem = (item: WatchItem<Pod>): string =>
  item.type === "synced" ? `synced ${item.items.length}` : `${item.type} ${item.object.metadata?.labels?.["step"] ?? ""}`;

const describeObjects = (
  run: (name: string, body: (client: KubeClient, namespace: string) => Promise<void>) => void,
  expect: ContractOptions["expect"],
): void => {
  run("gives an object a uid, a version and a time, and refuses a second one of its name", async (client, namespace) => {
    const metadata = { name: uniqueName(), namespace };
    const created = await client.create(kinds.configMaps, { metadata, data: { a: "1" } });
    expect([created.metadata?.uid, created.metadata?.resourceVersion, created.metadata?.creationTimestamp].includes(undefined)).toBe(false);
    expect(await codeOf(client.create(kinds.configMaps, { metadata }))).toBe("already-exists");
    expect(await client.get(kinds.configMaps, metadata)).toEqual(created);
    await client.delete(kinds.configMaps, metadata);
    expect(await codeOf(client.get(kinds.configMaps, metadata))).toBe("not-found");
    expect(await codeOf(client.delete(kinds.configMaps, metadata))).toBe("not-found");
  });

  run("refuses to replace an older version, and keeps the version when nothing changes", async (client, namespace) => {
    const first = await client.create(kinds.configMaps, { metadata: { name: uniqueName(), namespace }, data: { a: "1" } });
    const second = await client.replace(kinds.configMaps, { ...first, data: { a: "2" } });
    expect(await codeOf(client.replace(kinds.configMaps, { ...first, data: { a: "3" } }))).toBe("conflict");
    expect((await client.replace(kinds.configMaps, second)).metadata?.resourceVersion).toBe(second.metadata?.resourceVersion);
  });

  run("changes the status only through its subresource, and merges its conditions by type", async (client, namespace) => {
    const name = { namespace, name: uniqueName() };
    await client.create(kinds.pods, podOf(namespace, name.name));
    const patchStatus = (conditions: readonly object[]): Promise<Pod> =>
      client.patch(kinds.pods, { ...name, type: "strategic", body: { status: { conditions } } }, { subresource: "status" });
    await patchStatus([{ type: "Ready", status: "False" }]);
    const patched = await patchStatus([
      { type: "Initialized", status: "True" },
      { type: "Ready", status: "True" },
    ]);
    const conditions = (patched.status?.conditions ?? []).map(({ type, status }) => `${type}=${status}`).toSorted();
    expect(conditions).toEqual(["Initialized=True", "Ready=True"]);
    const ignored = await client.patch(kinds.pods, {
      ...name,
      type: "merge",
      body: { metadata: { labels: { a: "b" } }, status: { phase: "Failed" } },
    });
    expect([ignored.metadata?.labels?.["a"], ignored.status?.phase === "Failed"]).toEqual(["b", false]);
    await client.delete(kinds.pods, name, { gracePeriodSeconds: 0 });
  });

  run("lets a pod go gracefully first, and at once with grace 0, but only the one that is meant", async (client, namespace) => {
    const name = { namespace, name: uniqueName() };
    const created = await client.create(kinds.pods, podOf(namespace, name.name));
    const wrong = client.delete(kinds.pods, name, { preconditions: { uid: "00000000-0000-4000-8000-ffffffffffff" } });
    expect(await codeOf(wrong)).toBe("conflict");
    await client.delete(kinds.pods, name);
    const going = await client.get(kinds.pods, name);
    expect([going.metadata?.deletionGracePeriodSeconds, going.metadata?.deletionTimestamp !== undefined]).toEqual([7, true]);
    await client.delete(kinds.pods, name, { gracePeriodSeconds: 0, preconditions: { uid: created.metadata?.uid } });
    expect(await codeOf(client.get(kinds.pods, name))).toBe("not-found");
  });

  run("applies, merges and patches in the JSON way", async (client, namespace) => {
    const name = { namespace, name: uniqueName() };
    await client.patch(
      kinds.configMaps,
      { ...name, type: "apply", force: true, body: { metadata: name, data: { a: "1" } } },
      { fieldManager: "nk" },
    );
    await client.patch(kinds.configMaps, { ...name, type: "merge", body: { data: { b: "2" } } });
    const patched = await client.patch(kinds.configMaps, { ...name, type: "json", body: [{ op: "add", path: "/data/c", value: "3" }] });
    expect(patched.data).toEqual({ a: "1", b: "2", c: "3" });
  });
};

const describeLists = (
  run: (name: string, body: (client: KubeClient, namespace: string) => Promise<void>) => void,
  expect: ContractOptions["expect"],
): void => {
  run("lists in pages, by labels and by fields", async (client, namespace) => {
    const set = uniqueName();
    for (const step of ["1", "2", "3"]) await client.create(kinds.pods, podOf(namespace, `${set}-${step}`, { set, step }));
    const labelSelector = `set=${set}`;
    const first = await client.list(kinds.pods, { namespace, labelSelector, limit: 2 });
    const second = await client.list(kinds.pods, { namespace, labelSelector, limit: 2, continue: first.continue });
    expect([first.items.length, second.items.length, second.continue]).toEqual([2, 1, undefined]);
    const fieldSelector = `metadata.name=${set}-2`;
    expect((await client.list(kinds.pods, { namespace, fieldSelector })).items.map(({ metadata }) => metadata?.labels?.["step"])).toEqual([
      "2",
    ]);
    expect((await client.list(kinds.pods, { labelSelector: `set=${set},step notin (1,2)` })).items.length).toBe(1);
    for (const step of ["1", "2", "3"]) await client.delete(kinds.pods, { namespace, name: `${set}-${step}` }, { gracePeriodSeconds: 0 });
  });

  for (const watchList of [true, false]) {
    run(
      `watches a selection: all there is, then what enters, changes and leaves it (initial events: ${watchList})`,
      async (client, namespace) => {
        const set = uniqueName();
        const name = { namespace, name: set };
        await client.create(kinds.pods, podOf(namespace, set, { set, step: "1" }));
        const relabel = (labels: object): Promise<Pod> =>
          client.patch(kinds.pods, { ...name, type: "merge", body: { metadata: { labels } } });
        const items: string[] = [];
        for await (const item of client.watch(kinds.pods, { namespace, labelSelector: `set=${set}` }, { watchList })) {
          items.push(formatItem(item));
          if (items.length === 1) await relabel({ step: "2" });
          if (items.length === 2) await relabel({ set: "other", step: "3" });
          if (items.length === 3) await relabel({ set, step: "4" });
          if (items.length === 4) await client.delete(kinds.pods, name, { gracePeriodSeconds: 0 });
          if (item.type === "deleted" && items.length > 4) break;
        }
        // A server may tell a change on the way to the deletion.
        const told = items.filter((item, index) => index < 4 || !item.startsWith("modified"));
        expect(told.map((item) => item.split(" ")[0])).toEqual(["synced", "modified", "deleted", "added", "deleted"]);
        expect(told[1]).toBe("modified 2");
        expect(told[3]).toBe("added 4");
      },
    );
  }
};

const describeSubresources = (
  run: (name: string, body: (client: KubeClient, namespace: string) => Promise<void>) => void,
  expect: ContractOptions["expect"],
): void => {
  run("gives tokens of service accounts, and knows whose they are", async (client, namespace) => {
    const { token = "", expirationTimestamp } = await createToken(client, {
      namespace,
      name: "default",
      spec: { expirationSeconds: 3_600 },
    });
    expect([token.length > 10, expirationTimestamp !== undefined]).toEqual([true, true]);
    expect((await reviewToken(client, { token })).authenticated).toBe(true);
    expect(await codeOf(createToken(client, { namespace, name: uniqueName(), spec: {} }))).toBe("not-found");
    const access = await reviewAccess(client, {
      user: "u",
      groups: ["system:masters"],
      resourceAttributes: { verb: "get", resource: "pods" },
    });
    expect(access.allowed).toBe(true);
  });

  run("evicts a pod", async (client, namespace) => {
    const name = { namespace, name: uniqueName() };
    await client.create(kinds.pods, podOf(namespace, name.name));
    await evictPod(client, { ...name, deleteOptions: { gracePeriodSeconds: 0 } });
    expect(["none", "not-found"]).toContain(await codeOf(client.delete(kinds.pods, name, { gracePeriodSeconds: 0 })));
  });

  run("answers plain paths", async (client) => {
    expect(await client.getText("/readyz")).toBe("ok");
    expect((JSON.parse(await client.getText("/version")) as { readonly major?: string }).major).toBe("1");
  });
};

/** What this package relies on in an API server, as tests. The fake passes them together with kube-apiserver 1.36. */
export const describeApiServerContract = (options: ContractOptions): void => {
  const { test, expect, open } = options;
  const run = (name: string, body: (client: KubeClient, namespace: string) => Promise<void>): void =>
    test(name, async () => {
      const { access, namespace } = await open();
      await using client = createKubeClient({ access });
      await body(client, namespace);
    });
  describeObjects(run, expect);
  describeLists(run, expect);
  describeSubresources(run, expect);
};
