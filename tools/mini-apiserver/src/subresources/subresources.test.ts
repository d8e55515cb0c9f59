import type { IncomingMessage, ServerResponse } from "node:http";
import { createKeyPair } from "@nk/certificates";
import type { Pod } from "@nk/pod-model";
import { createFakeClock } from "@nk/stdx/testing";
import { beforeEach, describe, expect, it } from "vitest";
import type { ApiObject, ApiObjectMeta, Store, SubresourceHandler, SubresourceRequest, UserInfo } from "../contracts.ts";
import { createInitialObjects } from "../kinds/initial-objects.ts";
import { createLocalClient } from "../rest/local-client.ts";
import { createTokenSigner } from "../security/token-signer.ts";
import type { TokenClaims, TokenSigner } from "../security/token-signer.ts";
import { createMemoryStore } from "../storage/memory-store.ts";
import { KIND, typed } from "../stored-kinds.ts";
import { createBindings, createPodBinding } from "./binding.ts";
import { createEviction } from "./eviction.ts";
import { createServiceAccountToken } from "./service-account-token.ts";

const ANN: UserInfo = { username: "ann", groups: [] };
const NODE: UserInfo = { username: "system:node:n1", groups: ["system:nodes"] };
const ISSUER = "https://kubernetes.default.svc.cluster.local";

let clock: ReturnType<typeof createFakeClock>;
let store: Store;
let signer: TokenSigner;

const requestOf = (name: string, body: ApiObject, user: UserInfo): SubresourceRequest => ({
  user,
  attributes: { verb: "create", path: "", namespace: "default", name },
  query: new URLSearchParams(),
  request: {} as IncomingMessage,
  readBody: () => Promise.resolve(body),
  signal: new AbortController().signal,
});

/** What the handler answers: code and object. */
const call = async (
  handler: SubresourceHandler,
  name: string,
  body: ApiObject,
  user = ANN,
): Promise<{ code: number; object: ApiObject }> => {
  let code = 0;
  let text = "";
  const response = {
    writeHead: (status: number) => {
      code = status;
      return response;
    },
    end: (data: Buffer) => {
      text = data.toString();
      return response;
    },
  };
  await handler.handle(requestOf(name, body, user), response as unknown as ServerResponse);
  return { code, object: JSON.parse(text) as ApiObject };
};

const addPod = (name: string, spec: object = {}, rest: object = {}): ApiObject =>
  store.create(KIND.pods, {
    metadata: { namespace: "default", name, labels: { app: "web" } },
    spec: { containers: [{ name: "c" }], terminationGracePeriodSeconds: 7, ...spec },
    ...rest,
  });

const podOf = (name: string): Pod => typed<Pod>(store.get(KIND.pods, { namespace: "default", name }) ?? {});

beforeEach(async () => {
  clock = createFakeClock();
  store = createMemoryStore({ clock });
  createInitialObjects(store);
  signer = createTokenSigner({ keyPair: await createKeyPair(), issuer: ISSUER });
});

describe("binding", () => {
  it("gives a pod its node and a condition, and takes annotations along", async () => {
    addPod("p");
    const binding = { metadata: { name: "p", annotations: { a: "b" } }, target: { kind: "Node", name: "n1" } };
    await expect(call(createPodBinding({ store, clock }), "p", binding)).resolves.toMatchObject({
      code: 201,
      object: { status: "Success" },
    });
    expect(podOf("p")).toMatchObject({
      metadata: { annotations: { a: "b" }, labels: { app: "web" } },
      spec: { nodeName: "n1" },
      status: { conditions: [{ type: "PodScheduled", status: "True" }] },
    });
  });

  it.each<[string, object, object, number, RegExp]>([
    ["that is bound", { nodeName: "n2" }, {}, 409, /pod p is already assigned to node "n2"/u],
    ["that is gated", { schedulingGates: [{ name: "g" }] }, {}, 409, /non-empty \.spec\.schedulingGates/u],
    ["of another uid", {}, { uid: "other" }, 409, /UID in precondition: other/u],
    ["of another name", {}, { name: "q" }, 400, /name in URL does not match/u],
  ])("is refused for a pod %s", async (_what, spec, metadata, code, message) => {
    addPod("p", spec);
    const binding = { metadata: { name: "p", ...metadata }, target: { kind: "Node", name: "n1" } };
    await expect(call(createPodBinding({ store, clock }), "p", binding)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message) as string,
    });
  });

  it("in its older form does the same", async () => {
    addPod("p");
    const { name: _name, ...attributes } = requestOf("", {}, ANN).attributes;
    const request = { ...requestOf("", {}, ANN), attributes };
    await createBindings({ store, clock }).create(request, { metadata: { name: "p" }, target: { name: "n1" } } as ApiObject);
    expect(podOf("p").spec?.nodeName).toBe("n1");
  });
});

describe("eviction", () => {
  const evict = (name: string, body: ApiObject = {}, user = ANN): Promise<{ code: number }> =>
    call(createEviction({ store, clock, client: createLocalClient({ store, clock }) }), name, { metadata: { name }, ...body }, user);
  const ready = { status: { phase: "Running", conditions: [{ type: "Ready", status: "True" }] } };
  const addBudget = (spec: object, name = "budget"): void => {
    store.create(KIND.podDisruptionBudgets, {
      metadata: { namespace: "default", name },
      spec: { selector: { matchLabels: { app: "web" } }, ...spec },
    });
  };

  it("deletes the pod by its grace and says why in its status", async () => {
    addPod("p", { nodeName: "n1" }, ready);
    await evict("p");
    expect(podOf("p").metadata?.deletionGracePeriodSeconds).toBe(7);
    expect(podOf("p").status?.conditions?.at(-1)).toMatchObject({ type: "DisruptionTarget", reason: "EvictionByEvictionAPI" });
    addPod("q", { nodeName: "n1" }, ready);
    await evict("q", { deleteOptions: { gracePeriodSeconds: 2 } });
    expect(podOf("q").metadata?.deletionGracePeriodSeconds).toBe(2);
  });

  it("waits for the disruption budget", async () => {
    addPod("a", { nodeName: "n1" }, ready);
    addPod("b", { nodeName: "n1" }, ready);
    addBudget({ minAvailable: 1 });
    await evict("a");
    await expect(evict("b")).rejects.toMatchObject({
      code: 429,
      message: "Cannot evict pod as it would violate the pod's disruption budget.",
    });
    expect(podOf("b").metadata?.deletionTimestamp).toBeUndefined();
    addBudget({ maxUnavailable: 1 }, "second");
    await expect(evict("b")).rejects.toMatchObject({ code: 500 });
  });

  it("counts shares of the pods, and lets pods go that are not running", async () => {
    for (const name of ["a", "b", "c", "d"]) addPod(name, { nodeName: "n1" }, ready);
    addPod("pending", {}, { status: { phase: "Pending" } });
    addBudget({ maxUnavailable: "40%" });
    await evict("pending");
    // 40 % of the four that are left, rounded up.
    await evict("a");
    await evict("b");
    await expect(evict("c")).rejects.toMatchObject({ code: 429 });
  });

  it("by a node is for its own pods only, and for a pod that is there", async () => {
    addPod("mine", { nodeName: "n1" }, ready);
    addPod("other", { nodeName: "n2" }, ready);
    await evict("mine", {}, NODE);
    await expect(evict("other", {}, NODE)).rejects.toMatchObject({ code: 403 });
    await expect(evict("gone")).rejects.toMatchObject({ code: 404 });
    await expect(evict("mine", { metadata: { name: "x" } })).rejects.toMatchObject({ code: 400 });
  });
});

describe("a token request", () => {
  const request = async (spec: object, user = ANN, metadata: ApiObjectMeta = {}): Promise<{ claims: TokenClaims; object: ApiObject }> => {
    const handler = createServiceAccountToken({ store, signer, clock, audiences: [ISSUER] });
    const { object } = await call(handler, "default", { metadata, spec }, user);
    const claims = signer.verify((object["status"] as { token: string }).token);
    if (claims === undefined) throw new Error("not a token");
    return { claims, object };
  };
  const podReference = (pod: ApiObject): object => ({ apiVersion: "v1", kind: "Pod", name: pod.metadata?.name, uid: pod.metadata?.uid });

  it("gets a token for an hour and for this server, unless it asks otherwise", async () => {
    const nowSeconds = Math.floor(clock.nowMs() / 1000);
    const { claims, object } = await request({});
    expect(claims).toMatchObject({ sub: "system:serviceaccount:default:default", aud: [ISSUER], iat: nowSeconds, exp: nowSeconds + 3600 });
    expect(object).toMatchObject({ kind: "TokenRequest", spec: { expirationSeconds: 3600, audiences: [ISSUER] } });
    expect((await request({ audiences: ["vault"], expirationSeconds: 600 })).claims).toMatchObject({
      aud: ["vault"],
      exp: nowSeconds + 600,
    });
  });

  it("binds it to the pod, and names the pod's node", async () => {
    const node = store.create(KIND.nodes, { metadata: { name: "n1" } });
    const pod = addPod("p", { nodeName: "n1", serviceAccountName: "default" });
    const { claims } = await request({ boundObjectRef: podReference(pod), expirationSeconds: 3607 });
    expect(claims["kubernetes.io"]).toMatchObject({
      namespace: "default",
      pod: { name: "p", uid: pod.metadata?.uid },
      node: { name: "n1", uid: node.metadata?.uid },
      warnafter: claims.iat + 3607,
    });
    // Clients that read their token once live on for a year.
    expect(claims.exp - claims.iat).toBe(365 * 24 * 3600);
  });

  it.each<[string, object, ApiObjectMeta, number]>([
    ["for less than ten minutes", { expirationSeconds: 599 }, {}, 422],
    ["for ages", { expirationSeconds: 2 ** 33 }, {}, 422],
    ["bound to something else", { boundObjectRef: { apiVersion: "v1", kind: "ConfigMap", name: "x" } }, {}, 400],
    ["bound to a pod that is not there", { boundObjectRef: { apiVersion: "v1", kind: "Pod", name: "x" } }, {}, 404],
    ["bound to a pod of another uid", { boundObjectRef: { apiVersion: "v1", kind: "Pod", name: "p", uid: "other" } }, {}, 409],
    ["bound to a pod of another account", { boundObjectRef: { apiVersion: "v1", kind: "Pod", name: "foreign" } }, {}, 400],
    ["for another account of the same name", {}, { uid: "other" }, 409],
  ])("%s is refused", async (_what, spec, metadata, code) => {
    addPod("p");
    addPod("foreign", { serviceAccountName: "other" });
    await expect(request(spec, ANN, metadata)).rejects.toMatchObject({ code });
  });

  it("of a node is for pods on it and audiences they name only", async () => {
    const token = { serviceAccountToken: { audience: "vault", path: "token" } };
    const pod = addPod("p", { nodeName: "n1", volumes: [{ name: "v", projected: { sources: [token] } }] });
    const other = addPod("other", { nodeName: "n2" });
    const refused = (text: string): object => ({ code: 403, message: expect.stringContaining(text) as string });
    await request({ boundObjectRef: podReference(pod) }, NODE);
    await request({ boundObjectRef: podReference(pod), audiences: ["vault"] }, NODE);
    await expect(request({}, NODE)).rejects.toMatchObject(refused("not bound to a pod"));
    await expect(request({ boundObjectRef: podReference(other) }, NODE)).rejects.toMatchObject(refused("scheduled on a different node"));
    await expect(request({ boundObjectRef: podReference(pod), audiences: ["bank"] }, NODE)).rejects.toMatchObject(
      refused('audience "bank" not found'),
    );
    const { uid: _uid, ...withoutUid } = podReference(pod) as { uid?: string };
    await expect(request({ boundObjectRef: withoutUid }, NODE)).rejects.toMatchObject(refused("without a uid"));
  });
});
