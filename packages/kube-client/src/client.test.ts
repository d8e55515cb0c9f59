import { createRecordingMetrics } from "@nk/stdx/testing";
import type { Pod } from "@nk/pod-model";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createKubeClient } from "./client.ts";
import type { KubeClient } from "./client.ts";
import { KubeClientError } from "./errors.ts";
import { defineKind, kinds } from "./kinds.ts";
import type { KubeObject } from "./kinds.ts";
import { createToken, evictPod, reviewAccess, reviewToken } from "./reviews.ts";
import { createTestAuthority, startFakeApiServer } from "./testing/index.ts";
import type { FakeApiServer, TestAuthority } from "./testing/index.ts";

interface Widget extends KubeObject {
  readonly spec?: { readonly size: number };
}
const widgets = defineKind<Widget>({ apiVersion: "example.org/v1", kind: "Widget", resource: "widgets", namespaced: true });

const podNamed = (name: string, nodeName?: string): Pod => ({
  metadata: { name, namespace: "default", labels: { app: name } },
  spec: { containers: [{ name: "main", image: "busybox" }], ...(nodeName === undefined ? {} : { nodeName }) },
});
const failureOf = async (promise: Promise<unknown>): Promise<KubeClientError> => {
  const error: unknown = await promise.then(
    () => new Error("it did not fail"),
    (reason: unknown) => reason,
  );
  if (error instanceof KubeClientError) return error;
  throw error;
};

let authority: TestAuthority;
beforeAll(async () => {
  authority = await createTestAuthority();
});
afterAll(async () => {
  await authority[Symbol.asyncDispose]();
});

const flavours = ["http2", "http1-tls", "http1-plain"] as const;

describe.each(flavours)("the verbs over %s", (flavour) => {
  let server: FakeApiServer;
  let client: KubeClient;
  const metrics = createRecordingMetrics();
  beforeAll(async () => {
    const serving = await authority.issueServer();
    const tls =
      flavour === "http1-plain" ? {} : { tls: { serving, caPem: authority.caPem, http2: flavour === "http2", requireClient: true } };
    server = await startFakeApiServer({ ...tls, kinds: [widgets] });
    const { certificatePem, keyPem } = await authority.issueClient("system:node:n1", { group: "system:nodes" });
    const certificate = { certificate: { pem: certificatePem }, key: { pem: keyPem } };
    client = createKubeClient({ access: server.access({ certificate }), userAgent: "kubelet/v1.36.0 (linux/amd64) nk", metrics });
  });
  afterAll(async () => {
    client.close();
    await server[Symbol.asyncDispose]();
  });

  it("creates, reads, replaces, patches and deletes an object", async () => {
    const created = await client.create(kinds.pods, podNamed("web", "n1"));
    expect(created.metadata?.uid).toBeDefined();
    const read = await client.get(kinds.pods, { namespace: "default", name: "web" });
    expect(read).toEqual(created);
    const replaced = await client.replace(kinds.pods, { ...read, metadata: { ...read.metadata, labels: { app: "other" } } });
    expect(replaced.metadata?.labels).toEqual({ app: "other" });
    const patched = await client.patch(
      kinds.pods,
      { namespace: "default", name: "web", type: "strategic", body: { status: { conditions: [{ type: "Ready", status: "True" }] } } },
      { subresource: "status" },
    );
    expect(patched.status?.conditions).toEqual([{ type: "Ready", status: "True" }]);
    const going = await client.delete(kinds.pods, { namespace: "default", name: "web" }, { gracePeriodSeconds: 5 });
    expect(going?.metadata?.deletionGracePeriodSeconds).toBe(5);
    const preconditions = { uid: created.metadata?.uid };
    await client.delete(kinds.pods, { namespace: "default", name: "web" }, { gracePeriodSeconds: 0, preconditions });
    expect((await failureOf(client.get(kinds.pods, { namespace: "default", name: "web" }))).code).toBe("not-found");
    expect(server.requests.every(({ headers }) => headers["user-agent"] === "kubelet/v1.36.0 (linux/amd64) nk")).toBe(true);
  });

  it("says which object an error is about, with the server's code and reason", async () => {
    await client.create(kinds.configMaps, { metadata: { name: "c", namespace: "default" } });
    const exists = await failureOf(client.create(kinds.configMaps, { metadata: { name: "c", namespace: "default" } }));
    expect(exists).toMatchObject({ code: "already-exists", status: 409, reason: "AlreadyExists", retryable: false });
    expect(exists.message).toBe('cannot create configmaps default: configmaps "c" already exists');
    const stale = { metadata: { name: "c", namespace: "default", resourceVersion: "1" }, data: { a: "b" } };
    expect((await failureOf(client.replace(kinds.configMaps, stale))).code).toBe("conflict");
    const wrong = client.delete(kinds.configMaps, { namespace: "default", name: "c" }, { preconditions: { uid: "other" } });
    expect((await failureOf(wrong)).code).toBe("conflict");
    expect((await failureOf(client.list(defineKind({ apiVersion: "no/v1", kind: "No", resource: "nos", namespaced: false })))).code).toBe(
      "not-found",
    );
  });

  it("refuses names that would change the path, before anything is sent", async () => {
    const before = server.requests.length;
    for (const name of ["", "..", "a/b", "a%2fb"]) {
      expect((await failureOf(client.get(kinds.secrets, { namespace: "default", name }))).code).toBe("bad-request");
    }
    expect((await failureOf(client.get(kinds.secrets, { name: "x" }))).code).toBe("bad-request");
    expect(server.requests.length).toBe(before);
  });

  it("lists in pages, gives items their kind, and starts over when the pages expire", async () => {
    for (let index = 0; index < 7; index += 1)
      server.put(widgets, { metadata: { name: `w${index}`, namespace: "a" }, spec: { size: index } });
    const page = await client.list(widgets, { namespace: "a", limit: 3 });
    expect(page.items.length).toBe(3);
    expect(page.remainingItemCount).toBe(4);
    expect(page.items[0]).toMatchObject({ apiVersion: "example.org/v1", kind: "Widget" });
    expect((await client.listAll(widgets, { limit: 3 })).items.length).toBe(7);
    using _fault = server.fail({ path: "/apis/example.org/v1/widgets", times: 1, action: { type: "delay", delayMs: 0 } });
    const expiring = client.listAll(widgets, { limit: 3 });
    server.compact();
    expect((await expiring).items.length).toBe(7);
    expect((await client.list(widgets, { fieldSelector: "metadata.name=w3" })).items.length).toBe(1);
    expect((await client.list(widgets, { namespace: "other" })).items).toEqual([]);
  });

  it("applies all four kinds of patches", async () => {
    const name = { namespace: "default", name: "patched" };
    const applied = await client.patch(
      widgets,
      { ...name, type: "apply", force: true, body: { metadata: name, spec: { size: 1 } } },
      { fieldManager: "nk" },
    );
    expect(applied.spec?.size).toBe(1);
    expect(server.requests.at(-1)?.query.get("force")).toBe("true");
    expect((await client.patch(widgets, { ...name, type: "merge", body: { spec: { size: 2 } } })).spec?.size).toBe(2);
    expect(
      (await client.patch(widgets, { ...name, type: "json", body: [{ op: "replace", path: "/spec/size", value: 3 }] })).spec?.size,
    ).toBe(3);
    expect((await client.patch(widgets, { ...name, type: "strategic", body: { spec: { size: 4 } } })).spec?.size).toBe(4);
    expect((await failureOf(client.patch(widgets, { ...name, type: "apply", body: { metadata: name } }))).code).toBe("bad-request");
  });

  it("asks for tokens, reviews and evictions", async () => {
    server.put(kinds.serviceAccounts, { metadata: { name: "default", namespace: "a" } });
    const token = await createToken(client, { namespace: "a", name: "default", spec: { audiences: ["x"], expirationSeconds: 600 } });
    expect(token.token).toMatch(/^token-of\.a\.default/u);
    expect(await reviewToken(client, { token: "t" })).toMatchObject({ authenticated: true });
    expect(await reviewAccess(client, { user: "u", resourceAttributes: { verb: "get", resource: "pods" } })).toEqual({ allowed: true });
    server.put(kinds.pods, podNamed("evicted"));
    await evictPod(client, { namespace: "default", name: "evicted" });
    expect(server.get(kinds.pods, { namespace: "default", name: "evicted" })).toBeUndefined();
  });

  it("reads a path outside the resources as text", async () => {
    expect(await client.getText("/readyz")).toBe("ok");
    expect(JSON.parse(await client.getText("/version"))).toMatchObject({ gitVersion: "v1.36.0" });
  });

  it("reads an object of 1 MiB, and none beyond the limit", async () => {
    const data = { big: "ä".repeat(512 * 1024) };
    server.put(kinds.configMaps, { metadata: { name: "big", namespace: "default" }, data });
    expect((await client.get(kinds.configMaps, { namespace: "default", name: "big" })).data).toEqual(data);
    await using small = createKubeClient({ access: server.access(), maxResponseBytes: 1_000 });
    if (flavour === "http1-plain")
      expect((await failureOf(small.get(kinds.configMaps, { namespace: "default", name: "big" }))).code).toBe("too-large");
  });

  it("measures requests under client-go's names", () => {
    const host = new URL(server.url).host;
    expect(metrics.value("rest_client_requests_total", { code: "200", method: "GET", host })).toBeGreaterThan(5);
    expect(metrics.value("rest_client_requests_total", { code: "409", method: "POST", host })).toBe(1);
    expect(metrics.observations("rest_client_request_duration_seconds", { verb: "PUT", host }).length).toBeGreaterThan(0);
    expect(metrics.observations("rest_client_rate_limiter_duration_seconds", { verb: "PUT", host }).length).toBeGreaterThan(0);
    expect(metrics.observations("rest_client_request_size_bytes", { verb: "POST", host }).length).toBeGreaterThan(0);
    expect(metrics.observations("rest_client_response_size_bytes", { verb: "GET", host }).length).toBeGreaterThan(0);
  });

  it("uses the protocol that the server offers, with few connections", () => {
    const versions = new Set(server.requests.map(({ httpVersion }) => httpVersion));
    expect([...versions]).toEqual([flavour === "http2" ? "2.0" : "1.1"]);
    expect(server.network.totalCount).toBeLessThanOrEqual(4);
  });
});
