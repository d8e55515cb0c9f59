import { formatQuantity } from "@nk/pod-model";
import type { Pod } from "@nk/pod-model";
import { describe, expect, it } from "vitest";
import type { FilesystemLayout } from "./filesystem-layout.ts";
import { rankPods } from "./rank.ts";
import type { Signal } from "./signals.ts";
import { createFakeNode, sketchPod } from "./testing/index.ts";
import type { FakeUsage, PodSketch } from "./testing/index.ts";
import { indexStats } from "./usage.ts";

type Row = readonly [PodSketch, FakeUsage?];

const rank = (rows: readonly Row[], signal: Signal, layout: FilesystemLayout = "shared"): readonly string[] => {
  const node = createFakeNode();
  const pods = rows.map(([sketch]) => sketchPod(sketch));
  rows.forEach(([, usage], index) => {
    const pod = pods[index];
    if (usage !== undefined && pod !== undefined) node.run(pod, usage);
  });
  return rankPods(pods, { signal, layout, stats: indexStats(node.summary(0).pods) }).map(({ pod }) => pod.metadata?.name ?? "");
};

const Mi = 2 ** 20;
const memory = (text: string) => ({ memory: text });
const storage = (text: string) => ({ "ephemeral-storage": text });

describe("rankPods", () => {
  it.each<[what: string, signal: Signal, rows: readonly Row[], order: string]>([
    [
      "more use first",
      "memory.available",
      [
        [{ name: "a" }, { memoryBytes: 1 }],
        [{ name: "b" }, { memoryBytes: 2 }],
      ],
      "b a",
    ],
    [
      "over the request before under it",
      "memory.available",
      [
        [{ name: "a", requests: memory("200Mi") }, { memoryBytes: 190 * Mi }],
        [{ name: "b" }, { memoryBytes: 1 }],
      ],
      "b a",
    ],
    [
      "exactly the request is not over it",
      "memory.available",
      [
        [{ name: "a", requests: memory("1Mi") }, { memoryBytes: Mi }],
        [{ name: "b", requests: memory("1Mi") }, { memoryBytes: Mi + 1 }],
      ],
      "b a",
    ],
    [
      "over the request beats priority",
      "memory.available",
      [
        [{ name: "a", requests: memory("9Mi"), priority: -9 }, { memoryBytes: Mi }],
        [{ name: "b", priority: 9 }, { memoryBytes: 1 }],
      ],
      "b a",
    ],
    [
      "lower priority first",
      "memory.available",
      [
        [{ name: "a", priority: 5 }, { memoryBytes: 9 * Mi }],
        [{ name: "b", priority: 4 }, { memoryBytes: Mi }],
      ],
      "b a",
    ],
    [
      "no priority is 0",
      "memory.available",
      [
        [{ name: "a" }, { memoryBytes: Mi }],
        [{ name: "b", priority: -1 }, { memoryBytes: Mi }],
      ],
      "b a",
    ],
    [
      "the excess counts, not the use",
      "memory.available",
      [
        [{ name: "a", requests: memory("8Mi") }, { memoryBytes: 9 * Mi }],
        [{ name: "b", requests: memory("1Mi") }, { memoryBytes: 3 * Mi }],
      ],
      "b a",
    ],
    [
      "below the requests the nearest to it first",
      "memory.available",
      [
        [{ name: "a", requests: memory("9Mi") }, { memoryBytes: Mi }],
        [{ name: "b", requests: memory("9Mi") }, { memoryBytes: 8 * Mi }],
      ],
      "b a",
    ],
    ["unknown pods first", "memory.available", [[{ name: "a" }, { memoryBytes: 9 * Mi }], [{ name: "b", priority: 9 }]], "b a"],
    ["unknown pods by priority", "memory.available", [[{ name: "a", priority: 2 }], [{ name: "b", priority: 1 }]], "b a"],
    [
      "the pods' cgroup like the node",
      "allocatableMemory.available",
      [
        [{ name: "a" }, { memoryBytes: 1 }],
        [{ name: "b" }, { memoryBytes: 2 }],
      ],
      "b a",
    ],
    [
      "the younger of two equals",
      "memory.available",
      [
        [{ name: "a", createdAt: "2026-01-01T00:00:00Z" }, {}],
        [{ name: "b", createdAt: "2026-01-02T00:00:00Z" }, {}],
      ],
      "b a",
    ],
    [
      "the UID between twins",
      "memory.available",
      [
        [{ name: "a", uid: "2" }, {}],
        [{ name: "b", uid: "1" }, {}],
      ],
      "b a",
    ],
    [
      "critical pods are ranked too",
      "memory.available",
      [
        [{ name: "a" }, { memoryBytes: 1 }],
        [{ name: "b", priority: 2_000_000_000, requests: memory("1Gi") }, { memoryBytes: 1 }],
      ],
      "a b",
    ],
    [
      "an unreadable request is none",
      "memory.available",
      [
        [{ name: "a", requests: memory("9Mi") }, { memoryBytes: Mi }],
        [{ name: "b", requests: memory("lots") }, { memoryBytes: Mi }],
      ],
      "b a",
    ],
    [
      "pids by priority first",
      "pid.available",
      [
        [{ name: "a", priority: 1 }, { pids: 900 }],
        [{ name: "b" }, { pids: 1 }],
      ],
      "b a",
    ],
    [
      "pids by number",
      "pid.available",
      [
        [{ name: "a" }, { pids: 1 }],
        [{ name: "b" }, { pids: 2 }],
      ],
      "b a",
    ],
    ["pids: unknown pods first among equals", "pid.available", [[{ name: "a" }, { pids: 900 }], [{ name: "b" }]], "b a"],
    ["pids: priority before unknown", "pid.available", [[{ name: "a" }, { pids: 1 }], [{ name: "b", priority: 1 }]], "a b"],
    [
      "disk: over the request first",
      "nodefs.available",
      [
        [{ name: "a", requests: storage("9Mi") }, { rootfsBytes: 8 * Mi }],
        [{ name: "b" }, { rootfsBytes: 1 }],
      ],
      "b a",
    ],
    [
      "disk: a memory request does not count",
      "nodefs.available",
      [
        [{ name: "a", requests: memory("9Mi") }, { rootfsBytes: 1 }],
        [{ name: "b" }, { rootfsBytes: 2 }],
      ],
      "b a",
    ],
    [
      "disk: everything together",
      "nodefs.available",
      [
        [{ name: "a" }, { rootfsBytes: 5 }],
        [
          { name: "b", emptyDirs: { v: "" } },
          { rootfsBytes: 2, logsBytes: 2, volumeBytes: { v: 2 } },
        ],
      ],
      "b a",
    ],
    [
      "disk: a volume that is not local does not count",
      "nodefs.available",
      [
        [{ name: "a" }, { volumeBytes: { claim: 9 } }],
        [{ name: "b" }, { rootfsBytes: 1 }],
      ],
      "b a",
    ],
    [
      "inodes by number",
      "nodefs.inodesFree",
      [
        [{ name: "a" }, { inodes: 1, rootfsBytes: 9 * Mi }],
        [{ name: "b" }, { inodes: 2 }],
      ],
      "b a",
    ],
    [
      "inodes: a storage request in bytes does not count",
      "nodefs.inodesFree",
      [
        [{ name: "a" }, { inodes: 5 }],
        [{ name: "b", requests: storage("9Mi") }, { inodes: 9 }],
      ],
      "b a",
    ],
  ])("%s", (_, signal, rows, order) => {
    expect(rank(rows, signal).join(" ")).toBe(order);
    expect(rank(rows.toReversed(), signal).join(" ")).toBe(order);
  });

  it.each<[layout: FilesystemLayout, signal: Signal, order: string]>([
    ["shared", "nodefs.available", "logs layer"],
    ["shared", "imagefs.available", "logs layer"],
    ["image", "nodefs.available", "logs layer"],
    ["image", "imagefs.available", "layer logs"],
    ["image", "containerfs.available", "layer logs"],
    ["split", "nodefs.available", "logs layer"],
    ["split", "containerfs.available", "logs layer"],
    // Nothing of a pod lies there: the UID decides.
    ["split", "imagefs.available", "layer logs"],
  ])("%s: %s ranks by what lies on that disk", (layout, signal, order) => {
    const rows: readonly Row[] = [
      [{ name: "logs" }, { logsBytes: 9, rootfsBytes: 1 }],
      [{ name: "layer" }, { rootfsBytes: 5 }],
    ];
    expect(rank(rows, signal, layout).join(" ")).toBe(order);
  });

  it("counts a volume in memory as memory, and one of the host as disk", () => {
    const pod: Pod = {
      metadata: { name: "v", uid: "v" },
      spec: {
        containers: [],
        volumes: [
          { name: "ram", emptyDir: { medium: "Memory" } },
          { name: "disk", emptyDir: {} },
          { name: "host", hostPath: { path: "/x" } },
          { name: "config", configMap: { name: "c" } },
          { name: "secret", secret: { secretName: "s" } },
        ],
      },
    };
    const volume = ["ram", "disk", "host", "config", "secret"].map((name, index) => ({ name, usedBytes: 10 ** index }));
    const stats = indexStats([{ podRef: { uid: "v" }, volume }]);
    const [ranked] = rankPods([pod], { signal: "nodefs.available", layout: "shared", stats });
    expect(ranked?.usage === undefined ? "" : formatQuantity(ranked.usage)).toBe("1110");
  });

  it("adds the overhead only to what is requested, and takes pod-level requests", () => {
    const base = sketchPod({ name: "o", requests: memory("1Mi") });
    const stats = indexStats([{ podRef: { uid: "o" } }]);
    const request = (pod: Pod): string => {
      const [ranked] = rankPods([pod], { signal: "memory.available", layout: "shared", stats });
      return ranked === undefined ? "" : formatQuantity(ranked.request);
    };
    const spec = base.spec ?? { containers: [] };
    expect(request({ ...base, spec: { ...spec, overhead: memory("1Mi") } })).toBe("2Mi");
    expect(request({ ...sketchPod({ name: "o" }), spec: { containers: [{ name: "c" }], overhead: memory("1Mi") } })).toBe("0");
    expect(request({ ...base, spec: { ...spec, resources: { requests: memory("5Mi") } } })).toBe("5Mi");
  });
});
