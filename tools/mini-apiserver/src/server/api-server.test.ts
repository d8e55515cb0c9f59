import { connect as connectHttp2, constants } from "node:http2";
import type { ClientHttp2Session } from "node:http2";
import { request as httpsRequest } from "node:https";
import { connect as connectTls } from "node:tls";
import type { TLSSocket } from "node:tls";
import { createSelfSigned } from "@nk/certificates";
import type { SelfSigned } from "@nk/certificates";
import { createRecordingLogger } from "@nk/stdx/testing";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { ApiError, forbidden } from "../api-error.ts";
import type { Store, SubresourceHandler } from "../contracts.ts";
import { createInitialObjects } from "../kinds/initial-objects.ts";
import { createMemoryStore } from "../storage/memory-store.ts";
import { createApiServer } from "./create-api-server.ts";
import type { ApiServerOptions } from "./create-api-server.ts";
import { listen } from "./listen.ts";
import type { Listening } from "./listen.ts";

let identity: SelfSigned;
let store: Store;
let open: Listening;
let session: ClientHttp2Session;
const logger = createRecordingLogger();

const ADMIN = { username: "admin", groups: ["system:masters"] };
const POD = { apiVersion: "v1", kind: "Pod", metadata: { name: "p" }, spec: { containers: [{ name: "c", image: "x" }] } };
const PODS = "/api/v1/namespaces/default/pods";

const start = async (options: Partial<ApiServerOptions> = {}): Promise<void> => {
  const server = createApiServer({
    store,
    logger,
    authenticator: { authenticate: ({ headers }) => Promise.resolve(headers.authorization === "none" ? undefined : ADMIN) },
    authorizer: { authorize: () => Promise.resolve({ allowed: true, reason: "" }) },
    ...options,
  });
  open = await listen({ server, tls: { cert: identity.certificatePem, key: identity.privateKeyPem } });
  session = connectHttp2(`https://127.0.0.1:${open.port}`, { ca: identity.certificatePem });
  // A server that goes away in the middle is part of these tests.
  session.on("error", () => undefined);
};

beforeAll(async () => {
  identity = await createSelfSigned({ host: "127.0.0.1" });
});

beforeEach(() => {
  store = createMemoryStore();
  createInitialObjects(store);
});

afterEach(async () => {
  session.destroy();
  await open.close();
});

interface Answer {
  readonly code: number;
  readonly headers: { readonly [name: string]: unknown };
  readonly text: string;
  readonly body: { readonly [field: string]: unknown };
}

const ask = (
  method: string,
  path: string,
  options: { readonly body?: unknown; readonly headers?: { readonly [name: string]: string } } = {},
): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const { body, headers = {} } = options;
    const stream = session.request({ ":method": method, ":path": path, "content-type": "application/json", ...headers });
    let answered: { readonly [name: string]: unknown } = {};
    const chunks: Buffer[] = [];
    stream.on("response", (received) => (answered = received));
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("end", () => {
      const text = Buffer.concat(chunks).toString();
      resolve({
        code: Number(answered[":status"]),
        headers: answered,
        text,
        body: text.startsWith("{") ? (JSON.parse(text) as Answer["body"]) : {},
      });
    });
    stream.on("error", reject);
    stream.end(body === undefined ? undefined : typeof body === "string" ? body : JSON.stringify(body));
  });

/** Lines of a watch as they come. */
async function* follow(
  path: string,
  signal?: AbortSignal,
): AsyncGenerator<{ readonly type: string; readonly object: { readonly metadata: { readonly name?: string } } }> {
  const stream = session.request({ ":path": path });
  signal?.addEventListener("abort", () => stream.close(constants.NGHTTP2_CANCEL));
  let rest = "";
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    const lines = (rest + chunk.toString()).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) yield JSON.parse(line);
  }
}

describe("the API over HTTP/2", () => {
  it("creates, reads, changes and deletes", async () => {
    await start();
    expect(await ask("POST", PODS, { body: POD })).toMatchObject({ code: 201, body: { status: { phase: "Pending" } } });
    expect(await ask("GET", `${PODS}/p`)).toMatchObject({ code: 200, body: { kind: "Pod", metadata: { name: "p" } } });
    const patch = { body: { metadata: { labels: { a: "b" } } }, headers: { "content-type": "application/merge-patch+json" } };
    expect(await ask("PATCH", `${PODS}/p`, patch)).toMatchObject({ code: 200, body: { metadata: { labels: { a: "b" } } } });
    const { body } = await ask("GET", PODS);
    expect(body).toMatchObject({ kind: "PodList", apiVersion: "v1" });
    expect((body["items"] as readonly object[])[0]).not.toHaveProperty("kind");
    expect(await ask("DELETE", `${PODS}/p`)).toMatchObject({ code: 200 });
    expect(await ask("GET", `${PODS}/p`)).toMatchObject({ code: 404, body: { message: 'pods "p" not found' } });
  });

  it("serves many watches of many creations in milliseconds each", { timeout: 30_000 }, async () => {
    await start();
    const count = 60;
    const watchers = Array.from({ length: 5 }, async () => {
      let seen = 0;
      for await (const { type } of follow("/api/v1/pods?watch=1&resourceVersion=0")) {
        if (type === "ADDED") seen += 1;
        if (seen === count) break;
      }
      return seen;
    });
    const begun = performance.now();
    const pods = Array.from({ length: count }, (_, index) => ({ ...POD, metadata: { name: `p${index}` } }));
    const answers = await Promise.all(pods.map((body) => ask("POST", PODS, { body })));
    expect(await Promise.all(watchers)).toEqual([count, count, count, count, count]);
    expect(answers.every(({ code }) => code === 201)).toBe(true);
    // Some ten times what it takes on a busy machine.
    expect((performance.now() - begun) / count).toBeLessThan(50);
  });

  it("gives whoever reads YAML what he reads", async () => {
    await start();
    const yaml = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: y}\ndata: {a: b}\n";
    const headers = { "content-type": "application/yaml", accept: "application/yaml" };
    const answer = await ask("POST", "/api/v1/namespaces/default/configmaps", { body: yaml, headers });
    expect(answer.code).toBe(201);
    expect(answer.text).toContain("\n  a: b\n");
  });
});

describe("the API over HTTP/1.1", () => {
  const askOld = (path: string): Promise<{ readonly code: number | undefined; readonly text: string }> =>
    new Promise((resolve, reject) => {
      const sent = httpsRequest({ host: "127.0.0.1", port: open.port, path, ca: identity.certificatePem, agent: false }, (response) => {
        response
          .toArray()
          .then((chunks: Buffer[]) => resolve({ code: response.statusCode, text: Buffer.concat(chunks).toString() }), reject);
      });
      sent.on("error", reject);
      sent.end();
    });

  it("answers the same", async () => {
    await start();
    expect(await askOld("/readyz")).toEqual({ code: 200, text: "ok" });
    expect(JSON.parse((await askOld(PODS)).text)).toMatchObject({ kind: "PodList" });
  });

  const upgrade = (socket: TLSSocket, path: string): Promise<string> =>
    new Promise((resolve) => {
      socket.once("data", (chunk: Buffer) => resolve(chunk.toString()));
      socket.write(`POST ${path} HTTP/1.1\r\nhost: x\r\nconnection: Upgrade\r\nupgrade: SPDY/3.1\r\ncontent-length: 0\r\n\r\n`);
    });

  const dial = async (): Promise<TLSSocket> => {
    const socket = connectTls({ host: "127.0.0.1", port: open.port, ca: identity.certificatePem, ALPNProtocols: ["http/1.1"] });
    await new Promise((resolve) => socket.once("secureConnect", resolve));
    return socket;
  };

  it("hands an upgrade to the subresource it is for", async () => {
    const exec: SubresourceHandler = {
      group: "",
      resource: "pods",
      subresource: "exec",
      discovery: { kind: "PodExecOptions", verbs: ["create", "get"] },
      handle: () => Promise.resolve(),
      upgrade: ({ attributes, query }, socket) => {
        socket.end(
          `HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: SPDY/3.1\r\n\r\n${attributes.name} ${query.get("command")}`,
        );
        return Promise.resolve();
      },
    };
    await start({ subresources: [exec] });
    const socket = await dial();
    expect(await upgrade(socket, `${PODS}/p/exec?command=ls`)).toMatch(/^HTTP\/1\.1 101 [\s\S]*p ls$/u);
    socket.destroy();
  });

  it("refuses an upgrade of what speaks nothing else", async () => {
    await start();
    const socket = await dial();
    expect(await upgrade(socket, `${PODS}/p/log`)).toMatch(/^HTTP\/1\.1 400 Bad Request[\s\S]*"reason":"BadRequest"/u);
    socket.destroy();
  });
});

describe("a watch", () => {
  it("ends when the client goes, and leaves nothing behind", async () => {
    await start({ limits: { maxWatches: 1 } });
    const leave = new AbortController();
    const events = follow(`${PODS}?watch=1`, leave.signal);
    const first = events.next();
    await ask("POST", PODS, { body: POD });
    expect((await first).value).toMatchObject({ type: "ADDED" });
    expect(await ask("GET", `${PODS}?watch=1`)).toMatchObject({ code: 429, headers: { "retry-after": "1" } });
    leave.abort();
    await events.next().catch(() => undefined);
    // The place is free again once the server has noticed.
    await expect.poll(async () => (await ask("GET", `${PODS}?watch=1&timeoutSeconds=1`)).code, { timeout: 8000 }).toBe(200);
  });

  it("ends when its time is over", async () => {
    await start();
    const { text } = await ask("GET", `${PODS}?watch=1&timeoutSeconds=1&allowWatchBookmarks=true`);
    expect(JSON.parse(text)).toMatchObject({ type: "BOOKMARK", object: { metadata: { resourceVersion: store.resourceVersion } } });
  });

  it("ends when the server closes", async () => {
    await start();
    const events = follow(`${PODS}?watch=1`);
    const first = events.next();
    await ask("POST", PODS, { body: POD });
    await first;
    await open.close();
    expect((await events.next().catch(() => ({ done: true }))).done).toBe(true);
  });
});

describe("who asks and what he may", () => {
  it("401s whoever is nobody, but tells anybody that it is well", async () => {
    await start();
    const headers = { authorization: "none" };
    expect(await ask("GET", PODS, { headers })).toMatchObject({ code: 401, body: { message: "Unauthorized", reason: "Unauthorized" } });
    expect(await ask("GET", "/livez", { headers })).toMatchObject({ code: 200, text: "ok" });
    expect(await ask("GET", "/version", { headers })).toMatchObject({ code: 200, body: { major: "1" } });
  });

  it.each([
    [
      "GET",
      `${PODS}/p/log`,
      'pods "p" is forbidden: User "admin" cannot get resource "pods/log" in API group "" in the namespace "default": because',
    ],
    [
      "GET",
      "/apis/storage.k8s.io/v1/csinodes",
      'csinodes.storage.k8s.io is forbidden: User "admin" cannot list resource "csinodes" in API group "storage.k8s.io" at the cluster scope: because',
    ],
    ["GET", "/metrics", 'forbidden: User "admin" cannot get path "/metrics": because'],
  ])("403s %s %s in the reference's words", async (method, path, message) => {
    await start({ authorizer: { authorize: () => Promise.resolve({ allowed: false, reason: "because" }) } });
    expect(await ask(method, path)).toMatchObject({ code: 403, body: { reason: "Forbidden", message } });
  });

  it("lets an admitter refuse or change a write", async () => {
    await start({
      admitters: [
        {
          admit: ({ operation, object }) => {
            if (operation === "DELETE") throw forbidden({ group: "", resource: "pods" }, "p", { text: "no" });
            return { ...object, metadata: { ...object?.metadata, labels: { seen: "yes" } } };
          },
        },
      ],
    });
    expect(await ask("POST", PODS, { body: POD })).toMatchObject({ code: 201, body: { metadata: { labels: { seen: "yes" } } } });
    expect(await ask("DELETE", `${PODS}/p`)).toMatchObject({ code: 403 });
  });
});

describe("requests that are not what they should be", () => {
  it.each([
    ["POST", PODS, "{bad", 400],
    ["POST", PODS, "[]", 400],
    ["POST", PODS, "null", 400],
    ["POST", PODS, '"text"', 400],
    ["POST", PODS, `${"[".repeat(100_000)}`, 400],
    ["POST", PODS, JSON.stringify({ ...POD, metadata: { name: "__proto__" } }), 422],
    ["POST", PODS, JSON.stringify({ ...POD, spec: { containers: [null, 5] } }), 400],
    ["POST", PODS, JSON.stringify({ ...POD, metadata: null, spec: null }), 422],
    ["PUT", `${PODS}/nope`, JSON.stringify({ ...POD, metadata: { name: "nope" } }), 404],
    ["DELETE", `${PODS}?labelSelector=%28`, undefined, 400],
    ["SPIN", PODS, undefined, 405],
    ["GET", "/api/v1/pods/p", undefined, 404],
    ["POST", "/api/v1/pods", JSON.stringify(POD), 405],
    ["GET", "/apis/nope/v1/things", undefined, 404],
    ["GET", `${PODS}/p/nope/further`, undefined, 404],
    ["GET", "/nope", undefined, 404],
  ])("%s %s with %s is answered with a reason", async (method, path, body, code) => {
    await start();
    expect(await ask(method, path, { body })).toMatchObject({ code });
    expect(await ask("GET", "/livez")).toMatchObject({ code: 200 });
  });

  it("413s a body that is too large, declared or not", async () => {
    await start({ limits: { maxBodyBytes: 1000 } });
    expect(await ask("POST", PODS, { body: "x".repeat(2000) })).toMatchObject({ code: 413, body: { reason: "RequestEntityTooLarge" } });
    expect(await ask("POST", PODS, { body: "x".repeat(2000), headers: { "content-length": "2000" } })).toMatchObject({ code: 413 });
  });

  it("415s protobuf and 406s who takes nothing else, so that clients fall back to JSON", async () => {
    await start();
    const type = "application/vnd.kubernetes.protobuf";
    expect(await ask("POST", PODS, { body: "k8s", headers: { "content-type": type } })).toMatchObject({ code: 415 });
    expect(await ask("GET", PODS, { headers: { accept: type } })).toMatchObject({ code: 406 });
    expect(await ask("GET", PODS, { headers: { accept: `${type},application/json` } })).toMatchObject({ code: 200 });
  });

  it("refuses a YAML that stands for more than it is", async () => {
    await start();
    const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\n${"bcdefghij"
      .split("")
      .map((name, index) => `${name}: &${name} [${Array.from({ length: 9 }, () => `*${"abcdefghi"[index]}`).join(",")}]`)
      .join("\n")}\n`;
    expect(await ask("POST", PODS, { body: bomb, headers: { "content-type": "application/yaml" } })).toMatchObject({ code: 400 });
  });

  it("warns of unknown fields, refuses them when asked to be strict, and is silent when asked to", async () => {
    await start();
    const body = { ...POD, spec: { ...POD.spec, contayners: [] } };
    const warned = await ask("POST", `${PODS}?dryRun=All`, { body });
    expect(warned.headers["warning"]).toBe(String.raw`299 - "unknown field \"spec.contayners\""`);
    expect(await ask("POST", `${PODS}?fieldValidation=Strict`, { body })).toMatchObject({ code: 400 });
    expect((await ask("POST", `${PODS}?fieldValidation=Ignore&dryRun=All`, { body })).headers["warning"]).toBeUndefined();
  });
});

describe("parts that are plugged in", () => {
  const faulty = (error: Error): SubresourceHandler => ({
    group: "",
    resource: "pods",
    subresource: "log",
    discovery: { kind: "Pod", verbs: ["get"] },
    handle: () => Promise.reject(error),
  });

  it("have their ApiErrors told, and nothing of other errors", async () => {
    await start({ subresources: [faulty(new Error("the secret is 42"))] });
    const answer = await ask("GET", `${PODS}/p/log`);
    expect(answer).toMatchObject({ code: 500, body: { reason: "InternalError" } });
    expect(answer.text).not.toContain("42");
    await open.close();
    await start({ subresources: [faulty(new ApiError("too early", { code: 503, reason: "ServiceUnavailable" }))] });
    expect(await ask("GET", `${PODS}/p/log`)).toMatchObject({ code: 503, body: { message: "too early" } });
  });

  it("answer for kinds that are never stored", async () => {
    await start({
      virtualResources: [
        {
          group: "authentication.k8s.io",
          version: "v1",
          resource: "tokenreviews",
          kind: "TokenReview",
          namespaced: false,
          create: ({ user }, body) => Promise.resolve({ ...body, status: { user: user.username } }),
        },
      ],
    });
    const path = "/apis/authentication.k8s.io/v1/tokenreviews";
    expect(await ask("POST", path, { body: { spec: {} } })).toMatchObject({ code: 201, body: { status: { user: "admin" } } });
    expect(await ask("GET", path)).toMatchObject({ code: 405 });
    expect(await ask("GET", "/apis/authentication.k8s.io/v1")).toMatchObject({
      body: { resources: [{ name: "tokenreviews", verbs: ["create"] }] },
    });
  });
});
