import { once } from "node:events";
import { createServer, request as httpRequest } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { connect } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";
import { createCertificateAuthority, createKeyPair, createSelfSigned, issueCertificate } from "@nk/certificates";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { isApiError } from "../api-error.ts";
import type { Authorizer, Store, SubresourceHandler, SubresourceRequest } from "../contracts.ts";
import { createMemoryStore } from "../storage/memory-store.ts";
import { KIND } from "../stored-kinds.ts";
import { createBackend } from "./backend.ts";
import { createPodLog } from "./pod-log.ts";
import { createPodStreams } from "./pod-streams.ts";
import { createProxies } from "./proxies.ts";

/*
 * A real kubelet-like HTTPS server behind, a plain HTTP server in front that calls the handlers as the API server does. What goes wrong in
 * proxies goes wrong between sockets: bytes that come with the upgrade, a side that vanishes, a reader that does not read.
 */
let store: Store;
let kubelet: ReturnType<typeof createTlsServer>;
let front: Server;
let seen: { url: string; headers: IncomingMessage["headers"]; clientName: string }[];
let onRequest: (request: IncomingMessage, response: ServerResponse) => void;
let onUpgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
let denyCreate: boolean;
const sockets = new Set<Duplex>();

const portOf = (server: { address(): AddressInfo | string | null }): number => (server.address() as AddressInfo).port;

const attributesOf = (url: string, method: string): SubresourceRequest["attributes"] => {
  const parts = url.split("?")[0]?.split("/") ?? [];
  const isNode = parts[3] === "nodes";
  const [resource = "", name = "", subresource = ""] = parts.slice(isNode ? 3 : 5);
  const verb = method === "GET" ? "get" : "create";
  return { verb, group: "", resource, subresource, name, path: url, ...(isNode ? {} : { namespace: parts[4] ?? "" }) };
};

const startFront = async (handlers: readonly SubresourceHandler[]): Promise<void> => {
  const find = (request: IncomingMessage): { handler: SubresourceHandler; asked: SubresourceRequest } => {
    const attributes = attributesOf(request.url ?? "", request.method ?? "");
    const handler = handlers.find((item) => item.resource === attributes.resource && item.subresource === attributes.subresource);
    if (handler === undefined) throw new Error(`no handler for ${request.url}`);
    const gone = new AbortController();
    request.socket.once("close", () => gone.abort());
    const query = new URL(request.url ?? "", "http://x").searchParams;
    const user = { username: "ann", groups: [] };
    return { handler, asked: { user, attributes, query, request, signal: gone.signal, readBody: () => Promise.resolve(undefined) } };
  };
  front = createServer((request, response) => {
    const { handler, asked } = find(request);
    handler.handle(asked, response).catch((error: unknown) => {
      response.writeHead(isApiError(error) ? error.code : 599).end(String(error));
    });
  });
  front.on("upgrade", (request, socket: Duplex, head: Buffer) => {
    sockets.add(socket);
    const { handler, asked } = find(request);
    handler.upgrade?.(asked, socket, head).catch((error: unknown) => {
      socket.end(`HTTP/1.1 ${isApiError(error) ? error.code : 599} X\r\nConnection: close\r\n\r\n${String(error)}`);
    });
  });
  front.listen(0, "127.0.0.1");
  await once(front, "listening");
};

beforeEach(async () => {
  seen = [];
  denyCreate = false;
  onRequest = (_request, response) => response.end("ok");
  onUpgrade = (_request, socket) => socket.end();
  const authority = await createCertificateAuthority({ commonName: "ca" });
  const keyPair = await createKeyPair();
  const client = issueCertificate({
    authority,
    subject: { commonName: "kube-apiserver-kubelet-client" },
    publicKey: keyPair.publicKey,
    usages: ["client auth"],
    lifetimeMs: 60_000,
  });
  const serving = await createSelfSigned({ host: "127.0.0.1" });
  kubelet = createTlsServer({
    cert: serving.certificatePem,
    key: serving.privateKeyPem,
    ca: authority.certificatePem,
    requestCert: true,
    rejectUnauthorized: true,
  });
  const note = (request: IncomingMessage): void => {
    const { subject } = (request.socket as TLSSocket).getPeerCertificate();
    seen.push({ url: request.url ?? "", headers: request.headers, clientName: String(subject.CN) });
  };
  kubelet.on("request", (request, response) => {
    note(request);
    onRequest(request, response);
  });
  kubelet.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    sockets.add(socket);
    note(request);
    onUpgrade(request, socket, head);
  });
  kubelet.listen(0, "127.0.0.1");
  await once(kubelet, "listening");
  store = createMemoryStore();
  addNode();
  store.create(KIND.pods, { metadata: { namespace: "ns", name: "p" }, spec: { nodeName: "n1", containers: [{ name: "c" }] } });
  const two = { nodeName: "n1", containers: [{ name: "a" }, { name: "b" }], ephemeralContainers: [{ name: "e" }] };
  store.create(KIND.pods, { metadata: { namespace: "ns", name: "two" }, spec: two });
  store.create(KIND.pods, { metadata: { namespace: "ns", name: "waiting" }, spec: { containers: [{ name: "c" }] } });
  const backend = createBackend({ credential: { certificatePem: client, privateKeyPem: keyPair.exportPrivateKeyPem() } });
  const authorizer: Authorizer = { authorize: () => Promise.resolve({ allowed: !denyCreate, reason: "" }) };
  await startFront([
    createPodLog({ store, backend }),
    ...createPodStreams({ store, backend, authorizer }),
    ...createProxies({ store, backend }),
  ]);
});

const addNode = (features: readonly string[] = []): void => {
  store.remove(KIND.nodes, { name: "n1" });
  const addresses = [
    { type: "Hostname", address: "nowhere.invalid" },
    { type: "InternalIP", address: "127.0.0.1" },
  ];
  const status = { addresses, daemonEndpoints: { kubeletEndpoint: { Port: portOf(kubelet) } }, declaredFeatures: features };
  store.create(KIND.nodes, { metadata: { name: "n1" }, status });
};

afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  sockets.clear();
  for (const server of [front, kubelet]) {
    server.closeAllConnections();
    server.close();
  }
  await Promise.all([front, kubelet].map((server) => (server.listening ? once(server, "close") : Promise.resolve([]))));
});

const get = async (path: string): Promise<{ status: number; text: string }> => {
  const response = await fetch(`http://127.0.0.1:${portOf(front)}${path}`, { headers: { Authorization: "Bearer secret" } });
  return { status: response.status, text: await response.text() };
};

const POD = "/api/v1/namespaces/ns/pods";

describe("pods/log", () => {
  it("asks the kubelet with the options it knows and the server's own certificate", async () => {
    onRequest = (_request, response) => response.end("line\n");
    await expect(get(`${POD}/p/log?tailLines=5&timestamps&previous=false&pretty=true&container=c`)).resolves.toEqual({
      status: 200,
      text: "line\n",
    });
    expect(seen).toMatchObject([{ url: "/containerLogs/ns/p/c?timestamps=true&tailLines=5", clientName: "kube-apiserver-kubelet-client" }]);
    expect(seen[0]?.headers.authorization).toBeUndefined();
  });

  it("follows, passes each line on at once, and closes the kubelet's side when the client goes", async () => {
    const kubeletSide = Promise.withResolvers<ServerResponse>();
    onRequest = (_request, response) => {
      response.writeHead(200);
      response.flushHeaders();
      kubeletSide.resolve(response);
    };
    const request = httpRequest({ port: portOf(front), host: "127.0.0.1", path: `${POD}/p/log?follow=true` });
    request.on("error", () => undefined);
    request.end();
    // The headers come before any line is there.
    const [client] = (await once(request, "response")) as [IncomingMessage];
    const source = await kubeletSide.promise;
    source.write("one\n");
    expect(String((await once(client, "data"))[0])).toBe("one\n");
    request.destroy();
    await once(source, "close");
  });

  it("makes the kubelet wait for a client that does not read", async () => {
    let written = 0;
    const stuck = Promise.withResolvers<undefined>();
    onRequest = (_request, response) => {
      response.writeHead(200);
      const chunk = Buffer.alloc(64 * 1024);
      let turns = 0;
      const write = (): void => {
        turns += 1;
        while (written < 256 << 20 && response.write(chunk)) written += chunk.length;
      };
      response.on("drain", write);
      write();
      // Stuck when nothing has drained for a while: there is no event for what does not happen.
      let last = -1;
      const timer = setInterval(() => {
        if (last === turns) {
          clearInterval(timer);
          stuck.resolve(undefined);
        }
        last = turns;
      }, 100);
      response.on("close", () => clearInterval(timer));
    };
    const request = httpRequest({ port: portOf(front), host: "127.0.0.1", path: `${POD}/p/log?follow=true` });
    request.on("error", () => undefined);
    request.end();
    await once(request, "response");
    await stuck.promise;
    expect(written).toBeLessThan(64 << 20);
    request.destroy();
  });

  it.each([
    ["two/log", 400, "a container name must be specified for pod two, choose one of: [a b e]"],
    ["two/log?container=e", 200, "ok"],
    ["p/log?container=x", 400, "container x is not valid for pod p"],
    ["gone/log", 404, 'pods "gone" not found'],
    ["waiting/log", 204, ""],
  ])("%s is %i", async (path, status, text) => {
    expect(await get(`${POD}/${path}`)).toMatchObject({ status, text: expect.stringContaining(text) as string });
  });

  it("passes the kubelet's reason on", async () => {
    onRequest = (_request, response) => response.writeHead(400).end('container "c" in pod "p" is waiting to start: ContainerCreating\n');
    await expect(get(`${POD}/p/log`)).resolves.toMatchObject({
      status: 400,
      text: expect.stringMatching(/is waiting to start: ContainerCreating$/u) as string,
    });
  });

  it("says so when the kubelet cannot be reached", async () => {
    kubelet.close();
    kubelet.closeAllConnections();
    await once(kubelet, "close");
    await expect(get(`${POD}/p/log`)).resolves.toMatchObject({ status: 500, text: expect.stringMatching(/ECONNREFUSED/u) as string });
  });
});

const UPGRADE = [
  "Connection: Upgrade",
  "Upgrade: SPDY/3.1",
  "X-Stream-Protocol-Version: v5.channel.k8s.io",
  "X-Stream-Protocol-Version: v4.channel.k8s.io",
];

const open = async (
  path: string,
  headers: readonly string[] = UPGRADE,
  more = "",
  method = "POST",
): Promise<{ socket: Socket; head: string; read: () => Promise<string> }> => {
  const socket = connect(portOf(front), "127.0.0.1");
  sockets.add(socket);
  socket.on("error", () => undefined);
  socket.write([`${method} ${path} HTTP/1.1`, "Host: x", "Content-Length: 0", ...headers, "", more].join("\r\n"));
  let text = "";
  const waiting = Promise.withResolvers<undefined>();
  socket.on("data", (chunk: Buffer) => {
    text += chunk.toString("latin1");
    if (text.includes("\r\n\r\n")) waiting.resolve(undefined);
  });
  const ended = once(socket, "close");
  await Promise.race([waiting.promise, ended]);
  const head = text;
  return { socket, head, read: () => ended.then(() => text) };
};

describe("pods/exec", () => {
  it("carries the upgrade and every byte after it, also those that come along with it", async () => {
    onUpgrade = (request, socket, head) => {
      const version = request.headers["x-stream-protocol-version"];
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: v4.channel.k8s.io\r\n\r\nhello`,
      );
      if (head.length > 0) socket.write(head);
      socket.on("data", (chunk: Buffer) => {
        if (chunk.includes(0xff)) socket.end(`<${String(version)}>`);
        else socket.write(chunk);
      });
    };
    const stream = await open(
      `${POD}/p/exec?command=sh&command=-c&command=a%20%26b&stdin=true&stdout=true&tty=true&stderr=false`,
      UPGRADE,
      "early",
    );
    expect(stream.head).toMatch(/^HTTP\/1\.1 101 .*X-Stream-Protocol-Version: v4/su);
    stream.socket.write(Buffer.from([0, 1, 2, 0x7f]));
    stream.socket.write(Buffer.from([0xff]));
    const all = await stream.read();
    expect(all.slice(all.indexOf("\r\n\r\n") + 4)).toMatch(/^hello.*early/su);
    // Both versions the client offered reached the kubelet.
    expect(all).toContain("<v5.channel.k8s.io, v4.channel.k8s.io>");
    expect(seen).toMatchObject([
      { url: "/exec/ns/p/c?command=sh&command=-c&command=a+%26b&input=1&output=1&tty=1", clientName: "kube-apiserver-kubelet-client" },
    ]);
  });

  it("closes the kubelet's side when the client vanishes, and the client's when the kubelet does", async () => {
    const backends: Duplex[] = [];
    onUpgrade = (_request, socket) => {
      backends.push(socket);
      socket.on("error", () => undefined);
      socket.write("HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\n");
    };
    const first = await open(`${POD}/p/exec?command=a`);
    const firstClosed = once(backends[0] as Duplex, "close");
    first.socket.resetAndDestroy();
    await firstClosed;
    const second = await open(`${POD}/p/exec?command=a`);
    backends[1]?.destroy();
    await expect(second.read()).resolves.toMatch(/^HTTP\/1\.1 101/u);
  });

  it("passes a refusal of the kubelet on with its text", async () => {
    kubelet.removeAllListeners("upgrade");
    onRequest = (_request, response) => response.writeHead(404).end("container not found");
    const stream = await open(`${POD}/p/exec?command=a`);
    const answer = await stream.read();
    expect(answer).toMatch(/^HTTP\/1\.1 404 Not Found/u);
    expect(answer).toMatch(/container not found$/u);
  });

  it.each([
    [["Sec-WebSocket-Protocol: v5.channel.k8s.io"], 400],
    [["Sec-WebSocket-Protocol: v5.channel.k8s.io, v4.channel.k8s.io"], 101],
    [["Sec-WebSocket-Protocol: v4.base64.channel.k8s.io"], 101],
    [["Sec-WebSocket-Protocol: SPDY/3.1+portforward.k8s.io"], 400],
    [[], 101],
  ])("with a WebSocket that offers %j is answered with %i by a kubelet of old", async (protocols, status) => {
    onUpgrade = (_request, socket) => socket.end("HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
    const stream = await open(`${POD}/p/exec?command=a`, ["Connection: Upgrade", "Upgrade: websocket", ...protocols], "", "GET");
    expect(stream.head).toContain(`HTTP/1.1 ${status} `);
  });

  it("with a WebSocket of the newest protocol reaches a kubelet that declares it", async () => {
    addNode(["ExtendWebSocketsToKubelet"]);
    onUpgrade = (_request, socket) => socket.end("HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
    const token = `base64url.bearer.authorization.k8s.io.${Buffer.from("secret").toString("base64url")}`;
    const headers = ["Connection: Upgrade", "Upgrade: websocket", `Sec-WebSocket-Protocol: ${token}, v5.channel.k8s.io`];
    const stream = await open(`${POD}/p/exec?command=a`, headers, "", "GET");
    expect(stream.head).toContain("HTTP/1.1 101 ");
    // The token is for this server, not for the kubelet.
    expect(seen[0]?.headers["sec-websocket-protocol"]).toBe("v5.channel.k8s.io");
  });

  it("by GET needs leave to create", async () => {
    denyCreate = true;
    const stream = await open(`${POD}/p/exec?command=a`, UPGRADE, "", "GET");
    expect(await stream.read()).toContain('User "ann" cannot create resource "pods/exec" in API group "" in the namespace "ns"');
    expect(seen).toEqual([]);
  });

  it.each([
    ["waiting/exec", "pod waiting does not have a host assigned"],
    ["gone/attach", 'pods "gone" not found'],
    ["p/portforward?ports=0", "must be between 1 and 65535"],
  ])("%s is refused before any kubelet is asked", async (path, text) => {
    const stream = await open(`${POD}/${path}`);
    expect(await stream.read()).toContain(text);
    expect(seen).toEqual([]);
  });

  it("attach and portforward have their own paths", async () => {
    await (await open(`${POD}/two/attach?container=b&stdin=1&stdout=1`)).read();
    await (await open(`${POD}/p/portforward?ports=80&ports=443`)).read();
    await (await open(`${POD}/p/portforward`)).read();
    expect(seen.map(({ url }) => url)).toEqual(["/attach/ns/two/b?input=1&output=1", "/portForward/ns/p?port=80,443", "/portForward/ns/p"]);
  });
});

describe("proxies", () => {
  it("reach the kubelet's own API with body and query", async () => {
    onRequest = (request, response) => {
      request.pipe(response.writeHead(201, { "X-Own": "1" }));
    };
    const url = `http://127.0.0.1:${portOf(front)}/api/v1/nodes/n1/proxy/stats/summary?only_cpu_and_memory=true`;
    const response = await fetch(url, {
      method: "POST",
      body: "a body",
      headers: { Authorization: "Bearer x", "Impersonate-User": "root" },
    });
    expect([response.status, response.headers.get("x-own"), await response.text()]).toEqual([201, "1", "a body"]);
    expect(seen).toMatchObject([{ url: "/stats/summary?only_cpu_and_memory=true" }]);
    expect(seen[0]?.headers).not.toHaveProperty("impersonate-user");
    await get("/api/v1/nodes/n1/proxy");
    expect(seen[1]?.url).toBe("/");
  });

  it("do not lead to this machine's own services through a pod's address", async () => {
    for (const podIP of ["127.0.0.1", "169.254.169.254", "::1", "", "example.com"]) {
      store.update(KIND.pods, { namespace: "ns", name: "p" }, (pod) => ({ ...pod, status: { podIP } }));
      // oxlint-disable-next-line no-await-in-loop -- one pod, one address at a time
      await expect(get(`${POD}/p/proxy/x`)).resolves.toMatchObject({
        status: 400,
        text: expect.stringMatching(/address not allowed/u) as string,
      });
    }
  });
});
