import { expect, it } from "vitest";
import { labPaths, renderContainerdConfig } from "./containerd-config.ts";

const input = { paths: labPaths("/tmp/lab"), snapshotter: "native", sandboxImage: "pause:1", cniBinDir: "/usr/lib/cni" } as const;

it.each(["1.6", "2.1"] as const)("keeps containerd %s inside the lab's folder and off what the host lacks", (version) => {
  const config = renderContainerdConfig(version, input);
  expect(config).toContain(version === "1.6" ? "version = 2" : "version = 3");
  for (const path of Object.values(labPaths("/tmp/lab"))) {
    if (path.endsWith("config.toml") || path.endsWith("ipam")) continue;
    expect(config).toContain(JSON.stringify(path));
  }
  expect(config).toContain("restrict_oom_score_adj = true");
  expect(config).toContain("SystemdCgroup = false");
  expect(config).toContain('"io.containerd.internal.v1.opt"');
});
