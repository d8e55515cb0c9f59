import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Pod } from "@nk/pod-model";
import { systemClock } from "@nk/stdx";
import {
  createAuthenticator,
  createSecureRoutes,
  createWebhookAuthorizer,
  KubeletApiError,
  METRICS_CONTENT_TYPE,
  openHttpsServer,
} from "../../src/index.ts";
import type { DebugPorts, HttpServer, HttpsServerOptions, LogsPort, MetricsPort, PublicPorts, RouteSwitches } from "../../src/index.ts";
import { createChanging, createFakeReviews, createTestCa } from "../../src/testing/index.ts";
import type { FakeReviews, FakeReviewsOptions, TestCa } from "../../src/testing/index.ts";

export const pod: Pod = {
  metadata: { name: "api1", namespace: "default", uid: "uid-1" },
  spec: { containers: [{ name: "api1", image: "busybox" }] },
  status: { phase: "Running" },
};

const LINES = ["err\n", "one\n", "two\n"];

/** The log of the recorded pod. */
const logs: LogsPort = {
  openLog: async (request) => {
    if (request.pod !== "api1") throw new KubeletApiError("not-found", `pod "${request.pod}" does not exist`);
    if (request.container !== "api1") throw new KubeletApiError("not-found", `container "${request.container}" not found in pod "api1"`);
    if (request.previous) throw new KubeletApiError("bad-request", 'previous terminated container "api1" in pod "api1" not found');
    const lines = request.tailLines === undefined ? LINES : LINES.slice(-request.tailLines);
    const text = lines.map((line) => (request.timestamps ? `2026-11-21T10:32:47.588734123Z ${line}` : line)).join("");
    const limited = text.slice(0, request.limitBytes);
    return Promise.resolve(
      (async function* () {
        yield await Promise.resolve(Buffer.from(limited));
      })(),
    );
  },
};

const metrics: MetricsPort = { contentType: METRICS_CONTENT_TYPE, render: () => Promise.resolve("up 1\n") };

/** Ports of a node with one pod; what streams or runs commands is up to the test. */
export const createPorts = (changes: Partial<PublicPorts & DebugPorts> = {}): PublicPorts & DebugPorts => {
  const rootDirectory = mkdtempSync(join(tmpdir(), "nk-node-logs-"));
  writeFileSync(join(rootDirectory, "syslog"), "one line\n");
  return {
    pods: { listPods: () => [pod], listRunningPods: () => Promise.resolve([pod]) },
    checks: ["ping", "log", "syncloop"].map((name) => ({ name, check: () => undefined })),
    metrics: {
      "/metrics": metrics,
      "/metrics/cadvisor": metrics,
      "/metrics/probes": metrics,
      "/metrics/resource": metrics,
      "/metrics/slis": metrics,
    },
    stats: { summarize: () => Promise.resolve({ node: { nodeName: "node-1" }, pods: [] }) },
    logs,
    containers: {
      findPod: ({ namespace, name }) => (namespace === "default" && name === "api1" ? pod : undefined),
      findContainer: ({ podUid, container }) => Promise.resolve(podUid === "uid-1" && container === "api1" ? "c1" : undefined),
      findSandbox: () => Promise.resolve("s1"),
    },
    streaming: {
      exec: () => Promise.reject(new Error("no streaming server")),
      attach: () => Promise.reject(new Error("no streaming server")),
      portForward: () => Promise.reject(new Error("no streaming server")),
    },
    commands: {
      execSync: ({ command }) =>
        Promise.resolve(
          command[0] === "id"
            ? { exitCode: 0, stdout: Buffer.from("uid=0(root) gid=0(root) groups=0(root)\n"), stderr: Buffer.alloc(0) }
            : { exitCode: 1, stdout: Buffer.alloc(0), stderr: Buffer.alloc(0) },
        ),
    },
    self: {
      configuration: () => ({ kind: "KubeletConfiguration", apiVersion: "kubelet.config.k8s.io/v1beta1" }),
      flags: () => ({ v: "2", config: "/etc/kubelet.yaml" }),
      status: () => ({ startedAtMs: systemClock.nowMs(), binaryVersion: "1.36.0", runtimeVersion: "v24" }),
    },
    verbosity: { changeVerbosity: () => undefined },
    nodeLogs: { rootDirectory },
    checkpoints: { checkpoint: () => Promise.resolve("/var/lib/kubelet/checkpoints/one.tar") },
    ...changes,
  };
};

export interface TestNode extends AsyncDisposable {
  readonly server: HttpServer;
  readonly reviews: FakeReviews;
  readonly ca: TestCa;
}

const ADMIN = { username: "admin", groups: ["ops"] };

/** A whole HTTPS server; by default the token "admin" may do everything. */
export const openNode = async (
  options: {
    readonly ports?: Partial<PublicPorts & DebugPorts>;
    readonly switches?: RouteSwitches;
    readonly reviews?: Partial<FakeReviewsOptions>;
    readonly server?: Partial<HttpsServerOptions>;
    readonly anonymous?: boolean;
    readonly hasClientCa?: boolean;
  } = {},
): Promise<TestNode> => {
  const ca = createTestCa("cluster");
  const reviews = createFakeReviews({ users: { admin: ADMIN }, mayAccess: () => true, ...options.reviews });
  const { tokenReviews, accessReviews } = reviews;
  const server = await openHttpsServer({
    address: "127.0.0.1",
    port: 0,
    routes: createSecureRoutes(createPorts(options.ports), options.switches),
    serving: ca.issue({ commonName: "node-1", hosts: ["127.0.0.1"] }),
    ...(options.hasClientCa === false ? {} : { clientCa: createChanging(ca.cert) }),
    authenticator: createAuthenticator({ x509: true, tokenReviews, anonymous: options.anonymous ?? false }),
    authorizer: createWebhookAuthorizer({ nodeName: "node-1", accessReviews }),
    ...options.server,
  });
  return { server, reviews, ca, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
};
