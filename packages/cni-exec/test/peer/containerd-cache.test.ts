import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { createCriClient } from "@nk/cri-client";
import { isLeakFree, startLab } from "@nk/tool-lab";
import type { ContainerdVersion } from "@nk/tool-lab";
import { describe, expect, it } from "vitest";
import { createCni, parseNetworkConfig } from "../../src/index.ts";
import { formatCacheEntry, parseCacheEntry } from "../../src/result-cache.ts";

/** Where containerd's libcni has its cache, whatever containerd's own folder. */
const CACHE_DIR = "/var/lib/cni";

describe.each(["1.6", "2.1"] satisfies ContainerdVersion[])("the cache that containerd %s writes", (containerd) => {
  it("is read, listed and written again byte for byte, and what it attached can be checked", async () => {
    const lab = await startLab({ containerd, yes: true });
    await using stops = new AsyncDisposableStack();
    stops.defer(async () => {
      const report = await lab.close();
      if (!isLeakFree(report)) throw new Error(`the lab leaves things behind: ${JSON.stringify(report)}`);
    });
    const client = createCriClient({ endpoint: lab.endpoint });
    const config = {
      metadata: { name: "cache", namespace: "default", uid: `uid-cache-${containerd}`, attempt: 0 },
      hostname: "cache",
      annotations: { "kubernetes.io/ingress-bandwidth": "1M", "example.com/note": "<a & b>" },
      dnsConfig: { servers: ["10.96.0.10"], searches: ["svc.cluster.local"], options: ["ndots:5"] },
      linux: { cgroupParent: lab.cgroupRoot },
    };
    const { podSandboxId } = await client.runPodSandbox({ config });
    stops.defer(async () => {
      await client.stopPodSandbox({ podSandboxId });
      await client.removePodSandbox({ podSandboxId });
      client.close();
    });
    const names = (await readdir(join(CACHE_DIR, "results"))).filter((name) => name.includes(podSandboxId));
    expect(names).toHaveLength(2);
    for (const name of names) {
      const text = await readFile(join(CACHE_DIR, "results", name), "utf8");
      const entry = parseCacheEntry(text, { networkName: "", containerId: "", ifName: "" });
      expect(`${entry.networkName}-${entry.containerId}-${entry.ifName}`).toBe(name);
      // The libcni of containerd 1.6 writes an empty dns in results of 1.0, too; later ones do not.
      const isOld = containerd === "1.6" && entry.result.cniVersion === "1.0.0";
      expect(formatCacheEntry(entry)).toBe(isOld ? text.replace('"dns":{},', "") : text);
    }
    const cni = createCni({ pluginDirs: ["/usr/lib/cni"], cacheDir: CACHE_DIR });
    const attachments = await cni.listAttachments({ containerId: podSandboxId });
    expect(attachments.map(({ ifName }) => ifName).toSorted()).toEqual(["eth0", "lo"]);
    const attached = attachments.find(({ ifName }) => ifName === "eth0");
    // Its first plugin only: Debian 12's portmap cannot check.
    const network = parseNetworkConfig(attached?.configText ?? "");
    const netns = attached?.result.interfaces.find(({ name }) => name === "eth0")?.sandbox;
    expect(await cni.check({ ...network, plugins: network.plugins.slice(0, 1) }, { containerId: podSandboxId, netns })).toBe("checked");
  });
});
