import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { closeSync, existsSync, openSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "@nk/stdx";
import { createRecordingMetrics } from "@nk/stdx/testing";
import { afterAll, beforeAll, describe, expect, it, test } from "vitest";
import { createKubeClient, isKubeClientError, kinds } from "../../src/index.ts";
import type { ClusterAccess } from "../../src/index.ts";
import { createTestAuthority, describeApiServerContract } from "../../src/testing/index.ts";
import type { TestAuthority } from "../../src/testing/index.ts";

// A real API server where its binaries are given, by the convention of envtest: a folder with etcd and kube-apiserver.
const assets = process.env["KUBEBUILDER_ASSETS"] ?? "";
const hasAssets = existsSync(join(assets, "kube-apiserver")) && existsSync(join(assets, "etcd"));

const freePort = async (): Promise<number> => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
};

const until = async (condition: () => Promise<boolean>): Promise<void> => {
  while (!(await condition().catch(() => false))) await systemClock.sleep(100);
};

/** etcd and kube-apiserver on free ports, with everything in one folder. */
const startControlPlane = async (authority: TestAuthority, dir: string) => {
  const [etcdPort, peerPort, port] = [await freePort(), await freePort(), await freePort()];
  const write = async (name: string, text: string): Promise<string> => {
    await writeFile(join(dir, name), text, { mode: 0o600 });
    return join(dir, name);
  };
  const serving = await authority.issueServer();
  const admin = await authority.issueClient("admin", { group: "system:masters" });
  const signer = await authority.issueClient("signer");
  const files = {
    ca: await write("ca.crt", authority.caPem),
    cert: await write("s.crt", serving.certificatePem),
    key: await write("s.key", serving.keyPem),
    signer: await write("sa.key", signer.keyPem),
    verifier: await write("sa.crt", signer.certificatePem),
  };
  const run = (program: string, flags: Readonly<Record<string, string>>): ChildProcess => {
    const log = openSync(join(dir, `${program}.log`), "a");
    const args = Object.entries(flags).map(([name, value]) => `--${name}=${value}`);
    const child = spawn(join(assets, program), args, { stdio: ["ignore", log, log] });
    closeSync(log);
    return child;
  };
  const etcdUrl = `http://127.0.0.1:${etcdPort}`;
  const peerUrl = `http://127.0.0.1:${peerPort}`;
  const etcd = run("etcd", {
    "data-dir": join(dir, "etcd"),
    "listen-client-urls": etcdUrl,
    "advertise-client-urls": etcdUrl,
    "listen-peer-urls": peerUrl,
    "initial-advertise-peer-urls": peerUrl,
    "initial-cluster": `default=${peerUrl}`,
    "unsafe-no-fsync": "true",
  });
  const startApiServer = (): ChildProcess =>
    run("kube-apiserver", {
      "etcd-servers": etcdUrl,
      "bind-address": "127.0.0.1",
      "advertise-address": "192.0.2.1",
      "secure-port": String(port),
      "tls-cert-file": files.cert,
      "tls-private-key-file": files.key,
      "client-ca-file": files.ca,
      "authorization-mode": "Node,RBAC",
      "service-cluster-ip-range": "10.96.0.0/16",
      "disable-admission-plugins": "ServiceAccount",
      "service-account-issuer": "https://kubernetes.default.svc",
      "service-account-key-file": files.verifier,
      "service-account-signing-key-file": files.signer,
    });
  const access: ClusterAccess = {
    server: `https://127.0.0.1:${port}`,
    ca: { pem: authority.caPem },
    credentials: { certificate: { certificate: { pem: admin.certificatePem }, key: { pem: admin.keyPem } } },
  };
  return { access, etcd, startApiServer };
};

const describeServer = (): void => {
  let authority: TestAuthority;
  let dir = "";
  let etcd: ChildProcess | undefined;
  let apiServer: ChildProcess | undefined;
  let access: ClusterAccess;
  let startApiServer: () => ChildProcess;

  const ready = async (): Promise<void> => {
    await using client = createKubeClient({ access, connectTimeoutMs: 1_000, timeoutMs: 2_000 });
    await until(async () => (await client.getText("/readyz")) === "ok");
  };
  const stop = (child: ChildProcess | undefined): Promise<void> =>
    new Promise((resolve) => {
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) resolve();
      else child.once("exit", () => resolve());
      child?.kill("SIGKILL");
    });
  beforeAll(async () => {
    authority = await createTestAuthority();
    dir = await mkdtemp(join(tmpdir(), "nk-apiserver-"));
    ({ access, etcd, startApiServer } = await startControlPlane(authority, dir));
    apiServer = startApiServer();
    await ready();
    await using client = createKubeClient({ access });
    await client.create(kinds.serviceAccounts, { metadata: { name: "default", namespace: "default" } });
  });
  afterAll(async () => {
    await stop(apiServer);
    await stop(etcd);
    await authority[Symbol.asyncDispose]();
    await rm(dir, { recursive: true, force: true });
  });

  describeApiServerContract({ test, expect, open: () => Promise.resolve({ access, namespace: "default" }) });

  it("is watched without a gap while it is killed and comes back", async () => {
    await using client = createKubeClient({ access });
    const items = client.watch(kinds.configMaps, { namespace: "default", labelSelector: "test=restart" })[Symbol.asyncIterator]();
    expect((await items.next()).value).toMatchObject({ type: "synced" });
    await stop(apiServer);
    apiServer = startApiServer();
    await ready();
    await client.create(kinds.configMaps, { metadata: { name: "after", namespace: "default", labels: { test: "restart" } } });
    const after = (await items.next()).value as { readonly type: string };
    // The new server's cache may not reach back to the old version: then everything is told anew.
    expect(["added", "synced"]).toContain(after.type);
    await items.return?.();
  });

  it("is found to be gone when it stands still, and used again when it goes on", async () => {
    const metrics = createRecordingMetrics();
    await using client = createKubeClient({ access, metrics, pingIntervalMs: 500, pingTimeoutMs: 500, connectTimeoutMs: 500 });
    await client.getText("/readyz");
    apiServer?.kill("SIGSTOP");
    const startMs = systemClock.monotonicMs();
    await expect(client.getText("/readyz")).rejects.toSatisfy((error) => isKubeClientError(error, "connect-failed"));
    expect(systemClock.monotonicMs() - startMs).toBeLessThan(5_000);
    expect(metrics.value("nk_kube_client_connections_lost_total", { lane: "main", cause: "ping-timeout" })).toBe(1);
    apiServer?.kill("SIGCONT");
    await until(async () => (await client.getText("/readyz")) === "ok");
  });
};

const describeAbsence = (): void => {
  it("is not compared with here: KUBEBUILDER_ASSETS names no folder with etcd and kube-apiserver", () => expect(hasAssets).toBe(false));
};

// A skipped test would count as a failure of the machine, which need not have the binaries.
describe("kube-apiserver", () => (hasAssets ? describeServer() : describeAbsence()));
