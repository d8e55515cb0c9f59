import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startMiniApiserver } from "./start.ts";
import type { MiniApiserver, MiniApiserverOptions } from "./start.ts";

let dir: string;
let servers: MiniApiserver[];

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "mini-apiserver-"));
  servers = [];
});

afterEach(async () => {
  await Promise.all(servers.map((server) => server.close()));
  await rm(dir, { recursive: true, force: true });
});

const start = async (options: MiniApiserverOptions = {}): Promise<MiniApiserver> => {
  const server = await startMiniApiserver(options);
  servers.push(server);
  return server;
};

interface Kubeconfig {
  readonly clusters: readonly [{ readonly cluster: { readonly server: string; readonly "certificate-authority-data": string } }];
  readonly users: readonly [{ readonly user: { readonly "client-certificate-data": string; readonly "client-key-data": string } }];
}

const decode = (text: string): string => Buffer.from(text, "base64").toString();

interface Call {
  readonly method?: string;
  readonly body?: object;
  readonly token?: string;
}

const parseBody = (text: string): unknown => (text.startsWith("{") ? JSON.parse(text) : text);

/** One request as the kubeconfig says, or without any credential. */
const call = (
  server: MiniApiserver,
  path: string,
  options: Call & { readonly kubeconfig?: string } = {},
): Promise<{ code: number; body: unknown }> =>
  new Promise((resolve, reject) => {
    const { kubeconfig, method = "GET", body, token } = options;
    const user = kubeconfig === undefined ? undefined : (parse(kubeconfig) as Kubeconfig).users[0].user;
    const tls = user === undefined ? {} : { cert: decode(user["client-certificate-data"]), key: decode(user["client-key-data"]) };
    const headers = { "content-type": "application/json", ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) };
    const sent = request(`${server.url}${path}`, { ca: server.caPem, agent: false, method, headers, ...tls }, (response) => {
      response
        .toArray()
        .then((chunks: Buffer[]) => resolve({ code: response.statusCode ?? 0, body: parseBody(Buffer.concat(chunks).toString()) }), reject);
    });
    sent.once("error", reject);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });

describe("startMiniApiserver", () => {
  it("serves an administrator, a node and nobody as each of them may", async () => {
    const server = await start();
    const admin = server.adminKubeconfig;
    const node = await server.issueNodeKubeconfig("n1");
    expect((parse(admin) as Kubeconfig).clusters[0].cluster.server).toBe(server.url);
    await expect(call(server, "/api/v1/secrets", { kubeconfig: admin })).resolves.toMatchObject({ code: 200 });
    await expect(call(server, "/api/v1/secrets", { kubeconfig: node })).resolves.toMatchObject({ code: 403 });
    await expect(call(server, "/api/v1/secrets")).resolves.toMatchObject({ code: 401, body: { reason: "Unauthorized" } });
    await expect(call(server, "/api/v1/secrets", { token: "nonsense" })).resolves.toMatchObject({ code: 401 });
    await expect(call(server, "/readyz")).resolves.toEqual({ code: 200, body: "ok" });
  });

  it("lets a node register itself only", async () => {
    const server = await start();
    const kubeconfig = await server.issueNodeKubeconfig("n1");
    const body = (name: string, labels = {}): object => ({ apiVersion: "v1", kind: "Node", metadata: { name, labels } });
    const create = (object: object): Promise<{ code: number; body: unknown }> =>
      call(server, "/api/v1/nodes", { kubeconfig, method: "POST", body: object });
    await expect(create(body("n2"))).resolves.toMatchObject({ code: 403 });
    await expect(create(body("n1", { "node-restriction.kubernetes.io/x": "y" }))).resolves.toMatchObject({ code: 403 });
    await expect(create(body("n1"))).resolves.toMatchObject({ code: 201 });
  });

  it("knows static tokens, and tells how to verify its own", async () => {
    const token = "abcdef.0123456789abcdef";
    const server = await start({
      staticTokens: [{ token, user: { username: "system:bootstrap:abcdef", groups: ["system:bootstrappers"] } }],
    });
    await expect(call(server, "/apis/certificates.k8s.io/v1/certificatesigningrequests", { token })).resolves.toMatchObject({ code: 200 });
    await expect(call(server, "/openid/v1/jwks", { token })).resolves.toMatchObject({ code: 403 });
    await expect(call(server, "/openid/v1/jwks", { kubeconfig: server.adminKubeconfig })).resolves.toMatchObject({
      code: 200,
      body: { keys: [{ alg: "RS256", kty: "RSA" }] },
    });
    await expect(call(server, "/openapi/v3", { kubeconfig: server.adminKubeconfig })).resolves.toMatchObject({ code: 200 });
  });

  it("keeps objects, authority and tokens over a restart, and its keys from others", async () => {
    const options = { dataDir: dir, persistFile: join(dir, "state/objects.db") };
    const first = await start(options);
    await first.writeKubeconfig(join(dir, "admin.kubeconfig"), { user: "admin" });
    const created = await call(first, "/api/v1/namespaces/default/configmaps", {
      kubeconfig: first.adminKubeconfig,
      method: "POST",
      body: { metadata: { name: "kept" }, data: { a: "b" } },
    });
    expect(created.code).toBe(201);
    const issued = await call(first, "/api/v1/namespaces/default/serviceaccounts/default/token", {
      kubeconfig: first.adminKubeconfig,
      method: "POST",
      body: { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: {} },
    });
    const { token } = (issued.body as { readonly status: { readonly token: string } }).status;
    await first.close();
    servers = [];
    const second = await start(options);
    const kubeconfig = await readFile(join(dir, "admin.kubeconfig"), "utf8");
    expect(second.caPem).toBe(first.caPem);
    for (const name of await readdir(join(dir, "state"))) {
      // oxlint-disable-next-line no-await-in-loop -- three files
      expect((await stat(join(dir, "state", name))).mode & 0o777, name).toBe(0o600);
    }
    await expect(call(second, "/api/v1/namespaces/default/configmaps/kept", { kubeconfig })).resolves.toMatchObject({
      body: { data: { a: "b" } },
    });
    const review = { apiVersion: "authentication.k8s.io/v1", kind: "TokenReview", spec: { token } };
    await expect(
      call(second, "/apis/authentication.k8s.io/v1/tokenreviews", { kubeconfig, method: "POST", body: review }),
    ).resolves.toMatchObject({ body: { status: { authenticated: true, user: { username: "system:serviceaccount:default:default" } } } });
    const secrets = [
      "admin.kubeconfig",
      "state/objects.db",
      ...(await readdir(join(dir, "pki"))).filter((name) => name.endsWith(".key")).map((name) => `pki/${name}`),
    ];
    expect(secrets).toHaveLength(4);
    for (const path of secrets) {
      // oxlint-disable-next-line no-await-in-loop -- four files
      expect((await stat(join(dir, path))).mode & 0o777, path).toBe(0o600);
    }
  });

  it("of another authority is a stranger", async () => {
    const [one, two] = [await start(), await start()];
    await expect(call(one, "/api/v1/pods", { kubeconfig: two.adminKubeconfig })).resolves.toMatchObject({ code: 401 });
    await expect(call({ ...one, caPem: two.caPem } as MiniApiserver, "/api/v1/pods")).rejects.toThrow(/certificate/u);
  });

  it("that cannot listen leaves nothing behind", async () => {
    const first = await start();
    const port = Number(new URL(first.url).port);
    const persistFile = join(dir, "objects.db");
    await expect(startMiniApiserver({ port, persistFile })).rejects.toThrow(/EADDRINUSE/u);
    // The file was released.
    await start({ persistFile });
    expect(servers).toHaveLength(2);
  });
});
