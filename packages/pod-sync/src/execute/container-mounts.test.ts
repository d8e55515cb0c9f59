import { describe, expect, it } from "vitest";
import type { Container } from "@nk/pod-model";
import type { EnvironmentInput } from "../config/environment.ts";
import type { SubPathRequest } from "../ports.ts";
import { resolveMounts } from "./container-mounts.ts";
import type { PodPass } from "./sync-context.ts";

const container: Container = {
  name: "main",
  env: [{ name: "PN", value: "web" }],
  volumeMounts: [
    { name: "data", mountPath: "/whole" },
    { name: "data", mountPath: "/part", subPath: "a/b", readOnly: true },
    { name: "gone", mountPath: "/gone" },
    { name: "data", mountPath: "/named", subPathExpr: "$(PN)" },
  ],
};

describe("the mounts of a container", () => {
  it("have each sub-path resolved, by the place of its mount", async () => {
    const requests: SubPathRequest[] = [];
    const pod = { metadata: { uid: "u1" }, spec: { containers: [container], enableServiceLinks: false } };
    const resolveSubPath = async (request: SubPathRequest): Promise<string> => {
      requests.push(request);
      return `/bound/${request.mountIndex}`;
    };
    const pass = { pod, signal: new AbortController().signal, ports: { volumes: { resolveSubPath } } } as unknown as PodPass;
    const node: EnvironmentInput["node"] = { allocatable: {}, nodeIps: [], services: [] };
    const resolved = await resolveMounts(pass, {
      volumes: { volumes: new Map([["data", { hostPath: "/data" }]]) },
      volumeImages: new Map(),
      environment: { pod, container, podIps: [], node },
    });
    expect(resolved.map(({ mountPath, hostPath }) => `${mountPath} ${hostPath}`)).toEqual([
      "/whole /data",
      "/part /bound/1",
      "/named /bound/3",
    ]);
    expect(requests.map(({ subPath, mountIndex, readOnly }) => [subPath, mountIndex, readOnly])).toEqual([
      ["a/b", 1, true],
      ["web", 3, false],
    ]);
  });

  it("share one environment, however many sub-paths are made from it", async () => {
    let lookups = 0;
    const envFile: EnvironmentInput["envFile"] = () => {
      lookups += 1;
      return { status: "read", hostPath: "/data/env", valueOf: () => "web" };
    };
    const env = [{ name: "PN", valueFrom: { fileKeyRef: { volumeName: "data", path: "env", key: "PN" } } }];
    const volumeMounts = Array.from({ length: 50 }, (_, index) => ({ name: "image", mountPath: `/${index}`, subPathExpr: "$(PN)" }));
    const many: Container = { name: "main", env, volumeMounts };
    const pod = { metadata: { uid: "u1" }, spec: { containers: [many], enableServiceLinks: false } };
    const pass = { pod, signal: new AbortController().signal, ports: { volumes: {} } } as unknown as PodPass;
    const resolved = await resolveMounts(pass, {
      volumes: { volumes: new Map([["image", { hostPath: "" }]]) },
      volumeImages: new Map([["image", {}]]),
      environment: { pod, container: many, podIps: [], node: { allocatable: {}, nodeIps: [], services: [] }, envFile },
    });
    expect([resolved.length, resolved.at(-1)?.imageSubPath, lookups]).toEqual([50, "web", 1]);
  });
});
