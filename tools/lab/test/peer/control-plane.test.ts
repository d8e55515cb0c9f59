import { statSync } from "node:fs";
import { afterAll, describe, expect, it } from "vitest";
import { findAssetsDir, isLeakFree, startControlPlane, startLab } from "../../src/index.ts";
import type { ControlPlane, ControlPlaneKind, Lab } from "../../src/index.ts";

const assetsDir = findAssetsDir();

const KINDS: readonly ControlPlaneKind[] = assetsDir === undefined ? ["embedded"] : ["embedded", "real"];

describe.each(KINDS)("a control plane: %s", (kind) => {
  let lab: Lab | undefined;
  let controlPlane: ControlPlane | undefined;
  const open = async (): Promise<ControlPlane> => {
    lab ??= await startLab({ containerd: "2.1", yes: true });
    controlPlane ??= await startControlPlane({ lab, kind, withControllers: false, nodeName: "node-7" });
    return controlPlane;
  };
  afterAll(async () => {
    await controlPlane?.close();
    const report = await lab?.close();
    if (report !== undefined && !isLeakFree(report)) throw new Error(`the lab left something behind: ${JSON.stringify(report)}`);
  });

  it("lets pods be created in a namespace it made", async () => {
    const plane = await open();
    const { api } = plane;
    await plane.createNamespace("team");
    const spec = { containers: [{ name: "main", image: "busybox" }] };
    const body = { apiVersion: "v1", kind: "Pod", metadata: { name: "one" }, spec };
    const pod = await api.json("/api/v1/namespaces/team/pods", { method: "POST", body });
    expect(pod.metadata?.uid).toMatch(/^[0-9a-f-]{36}$/u);
  });

  it("knows the node and other identities by their certificates", async () => {
    const plane = await open();
    const node = await plane.kubectl(["auth", "whoami", "-o", "json"], { kubeconfig: plane.nodeKubeconfig });
    expect(JSON.parse(node)).toMatchObject({
      status: { userInfo: { username: "system:node:node-7", groups: ["system:nodes", "system:authenticated"] } },
    });
    const robot = await plane.addIdentity({ user: "robot", groups: ["team/a"] });
    const told = await plane.kubectl(["auth", "whoami", "-o", "json"], { kubeconfig: robot });
    expect(JSON.parse(told)).toMatchObject({ status: { userInfo: { username: "robot", groups: ["team/a", "system:authenticated"] } } });
    await expect(plane.kubectl(["get", "nodes"], { kubeconfig: robot })).rejects.toThrow("forbidden");
  });

  it("is away while it is paused, and back at the same address with its data", async () => {
    const plane = await open();
    const { api } = plane;
    await api.json("/api/v1/namespaces", { method: "POST", body: { metadata: { name: "kept" } } });
    await plane.pause("SIGKILL");
    await expect(api.request("/readyz")).rejects.toThrow(/ECONNREFUSED|socket hang up|ECONNRESET/u);
    await plane.continue();
    expect((await api.json("/api/v1/namespaces/kept")).metadata?.name).toBe("kept");
  });

  it("says nothing while it is frozen, and goes on where it was", async () => {
    const { api, ...plane } = await open();
    plane.freeze();
    const connected = api.request("/readyz");
    await expect(api.request("/readyz", { signal: AbortSignal.timeout(300) })).rejects.toThrow(/aborted|timeout/iu);
    plane.thaw();
    expect((await connected).status).toBe(200);
  });

  it("starts again with its data, its port and its keys, and closes while it is frozen", async () => {
    const plane = await open();
    const { url } = plane;
    await plane.api.json("/api/v1/namespaces", { method: "POST", body: { metadata: { name: "lasting" } } });
    await plane.restart();
    expect((await plane.api.json("/api/v1/namespaces/lasting")).metadata?.name).toBe("lasting");
    plane.freeze();
    await plane.close();
    controlPlane = undefined;
    const next = await open();
    expect(next.url).toBe(url);
    expect((await next.api.json("/api/v1/namespaces/lasting")).metadata?.name).toBe("lasting");
  });

  it("tells changes by a watch until the signal ends it", async () => {
    const { api } = await open();
    const path = "/api/v1/namespaces/default/configmaps";
    const { metadata } = await api.json(path);
    const done = new AbortController();
    const seen: string[] = [];
    const watching = (async () => {
      for await (const { type, object } of api.watch(path, { resourceVersion: metadata?.resourceVersion ?? "", signal: done.signal })) {
        seen.push(`${type} ${object.metadata?.name}`);
        if (type === "DELETED") done.abort();
      }
    })();
    await api.json(path, { method: "POST", body: { metadata: { name: "watched" } } });
    await api.json(`${path}/watched`, { method: "DELETE" });
    await watching;
    expect(seen).toEqual(["ADDED watched", "DELETED watched"]);
  });

  it("keeps its keys from others, in the lab", async () => {
    const { dir, adminKubeconfig } = await open();
    expect(statSync(adminKubeconfig).mode & 0o077).toBe(0);
    expect(statSync(dir).mode & 0o077).toBe(0);
    expect(dir.startsWith(lab?.dir ?? "?")).toBe(true);
  });
});
