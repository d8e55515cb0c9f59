import { describe, expect, it } from "vitest";
import { createFakeNode, sketchPod } from "../testing/index.ts";
import type { EvictionPlan } from "./compute-plan.ts";
import { runCommand } from "./run-command.ts";

const Mi = 2 ** 20;

const createFiles = (): Map<string, string> => {
  const node = createFakeNode({ memoryBytes: 1024 * Mi, diskBytes: 1000 * Mi });
  node.run(sketchPod({ name: "hog", requests: { memory: "64Mi" }, gracePeriodSeconds: 60 }), { memoryBytes: 900 * Mi });
  node.run(sketchPod({ name: "web", requests: { memory: "200Mi" }, priority: 10 }), { memoryBytes: 50 * Mi });
  node.run(sketchPod({ name: "proxy", priority: 2_000_001_000 }), { memoryBytes: 10 * Mi });
  const pods = node.pods();
  return new Map([
    ["pods.json", JSON.stringify({ kind: "List", items: pods })],
    ["list.json", JSON.stringify(pods)],
    ["one.json", JSON.stringify(pods[0])],
    ["none.json", JSON.stringify({ kind: "PodList", items: null })],
    ["stats.json", JSON.stringify(node.summary(0))],
    ["config.json", JSON.stringify({ kind: "KubeletConfiguration", evictionHard: { "memory.available": "10Mi" }, unknownField: 1 })],
    [
      "configz.json",
      JSON.stringify({
        kubeletconfig: {
          evictionSoft: { "memory.available": "100Mi" },
          evictionSoftGracePeriod: { "memory.available": "1m" },
          evictionHard: {},
          evictionMaxPodGracePeriod: 20,
        },
      }),
    ],
    ["empty.json", ""],
    ["cut.json", '{"node": {'],
    ["comment.json", '{\n  // what is this\n  "node": {}\n}'],
    ["text.json", '"secret words"'],
    ["service.json", '{"kind":"Service","metadata":{"name":"s"}}'],
    ["nameless.json", '[{"metadata":{},"spec":{"containers":[]}}]'],
    ["badpod.json", '[{"metadata":{"name":"p"},"spec":{"containers":[{"name":"c","resources":{"requests":{"memory":"lots"}}}]}}]'],
    ["badtype.json", '[{"metadata":{"name":"p"},"spec":{"containers":{"name":"c"}}}]'],
    ["negative.json", '{"node":{"memory":{"availableBytes":-1}}}'],
    ["words.json", '{"node":{"fs":{"inodes":"many"}}}'],
    ["anonymous.json", '{"node":{},"pods":[{"podRef":{"name":"x"}}]}'],
    ["deep.json", `${"[".repeat(50_000)}${"]".repeat(50_000)}`],
    ["nullpod.json", '{"node":{},"pods":[null]}'],
    ["badconfig.json", '{"evictionHard":{"memory.available":5}}'],
    ["negativeconfig.json", '{"evictionHard":{"memory.available":"-5%"}}'],
    ["node.json", '{"kind":"Node"}'],
  ]);
};

const run = async (...argv: readonly string[]): Promise<{ readonly code: number; readonly out: string; readonly error: string }> => {
  const files = createFiles();
  let [out, error] = ["", ""];
  const code = await runCommand(argv, {
    readText: (path) => {
      const text = files.get(path);
      return text === undefined
        ? Promise.reject(Object.assign(new Error(path), { code: path.startsWith("dir") ? "EISDIR" : "ENOENT" }))
        : Promise.resolve(text);
    },
    writeOut: (text) => void (out += text),
    writeError: (text) => void (error += text),
  });
  return { code, out, error };
};

const plan = (...more: readonly string[]) => run("plan", "--pods", "pods.json", "--stats", "stats.json", ...more);

describe("eviction plan", () => {
  it("says what a kubelet would do", async () => {
    const { code, out, error } = await plan("--thresholds", "memory.available<100Mi,nodefs.available<10%");
    expect([code, error]).toEqual([0, ""]);
    expect(out).toMatchInlineSnapshot(`
      "node fake, file systems: shared
      thresholds:
        SIGNAL                 KIND  THRESHOLD  AVAILABLE  CAPACITY
        memory.available       hard  100Mi      64Mi       1Gi       crossed
        nodefs.available       hard  104857601  1000Mi     1000Mi    ok
        containerfs.available  hard  104857601  1000Mi     1000Mi    ok
      conditions: MemoryPressure; new pods admitted: not BestEffort
      memory.available is short: pods go one by one in this order, about 1 pod until it is over
            POD            USES          REQUESTED  PRIORITY    GRACE
        1.  default/hog    900Mi (over)  64Mi       0           1s
        2.  default/web    50Mi          200Mi      10          1s
            default/proxy  10Mi (over)   0          2000001000  stays: critical
      default/hog is told: The node was low on resource: memory. Threshold quantity: 100Mi, available: 64Mi. Container main was using 900Mi, request is 64Mi, has larger consumption of memory.
      "
    `);
  });

  it("prints the same as JSON", async () => {
    const { out } = await plan("--thresholds", "memory.available<100Mi", "--json");
    const read = JSON.parse(out) as EvictionPlan;
    expect(read.victims.map(({ pod }) => pod)).toEqual(["default/hog", "default/web"]);
    expect(read).toMatchObject({
      node: "fake",
      action: "evict",
      signal: "memory.available",
      evictionsNeeded: 1,
      conditions: ["MemoryPressure"],
      spared: [{ pod: "default/proxy" }],
    });
  });

  it.each<[argv: readonly string[], code: number, words: string]>([
    [["--thresholds", "memory.available<10Mi"], 0, "nobody is evicted"],
    [["--thresholds", "memory.available<10Mi", "--check"], 0, "nobody is evicted"],
    [["--thresholds", "memory.available<100Mi", "--check"], 1, "1.  default/hog"],
    [["--thresholds", "memory.available<2Gi"], 0, "more than the capacity: it is always crossed"],
    [["--thresholds", "memory.available<2Gi"], 0, "all of them would not be enough"],
    [["--thresholds", ""], 0, "nobody is evicted"],
    [["--thresholds", "config.json"], 0, "10Mi"],
    [["--thresholds", "configz.json"], 0, "crossed, acts in 1m0s"],
    [["--thresholds", "configz.json", "--held", "59s"], 0, "crossed, acts in 1s"],
    [["--thresholds", "configz.json", "--held", "1m"], 0, "20s"],
    [["--thresholds", "configz.json", "--held", "1m", "--eviction-max-pod-grace-period", "5"], 0, "5s"],
    [
      [
        "--thresholds",
        "",
        "--eviction-soft",
        "memory.available<100Mi",
        "--eviction-soft-grace-period",
        "memory.available=1m",
        "--held",
        "1h",
      ],
      0,
      "1.  default/hog",
    ],
    [
      ["--thresholds", "memory.available<100Mi", "--eviction-minimum-reclaim", "memory.available=910Mi"],
      0,
      "about 2 pods until it is over",
    ],
    [["--filesystems", "image"], 0, "file systems: image"],
    [[], 0, "the stats say nothing about"],
  ])("with %j exits with %i and says %j", async (argv, code, words) => {
    const result = await plan(...argv);
    if (words === "the stats say nothing about") expect(result.error).toBe("");
    else expect(result.out).toContain(words);
    expect(result.code).toBe(code);
  });

  it.each<[argv: readonly string[], code: number, words: string]>([
    [[], 2, "no command was given"],
    [["evict"], 2, 'no command "evict"'],
    [["plan", "now"], 2, 'no command "plan now"'],
    [["plan"], 2, "--pods and --stats are needed"],
    [["plan", "--pods", "pods.json"], 2, "--pods and --stats are needed"],
    [["plan", "--podds", "x"], 2, "unknown option '--podds'"],
    [["plan", "--pods", "-", "--stats", "-"], 2, "only one file can be the standard input"],
    [["plan", "--pods", "pods.json", "--stats", "stats.json", "--held", "soon"], 2, '--held "soon" is no duration'],
    [["plan", "--pods", "pods.json", "--stats", "stats.json", "--held=-1s"], 2, "--held -1s is negative"],
    [["plan", "--pods", "pods.json", "--stats", "stats.json", "--filesystems", "zfs"], 2, "none of shared, image, split"],
    [["plan", "--pods", "pods.json", "--stats", "stats.json", "--eviction-max-pod-grace-period", "x"], 2, "no number of seconds"],
    [["plan", "--pods", "pods.json", "--stats", "stats.json", "--thresholds", "memory.available<-5%"], 2, '"-5%" is negative'],
    [["plan", "--pods", "pods.json", "--stats", "stats.json", "--thresholds", "memory.available<1e400Gi"], 2, '"1e400Gi" is no quantity'],
    [["plan", "--pods", "pods.json", "--stats", "stats.json", "--thresholds", "memory.free<1Gi"], 2, 'no eviction signal "memory.free"'],
    [
      ["plan", "--pods", "pods.json", "--stats", "stats.json", "--thresholds", "pid.available<1,pid.available<2"],
      2,
      "--thresholds, column 17: pid.available is stated twice",
    ],
    [["plan", "--pods", "pods.json", "--stats", "stats.json", "--eviction-soft", "pid.available<1"], 2, "needs a grace period"],
    [
      ["plan", "--pods", "pods.json", "--stats", "stats.json", "--thresholds", "negativeconfig.json"],
      2,
      "read evictionHard[memory.available]",
    ],
    [["plan", "--pods", "pods.json", "--stats", "stats.json", "--thresholds", "gone.json"], 1, "read gone.json: there is no such file"],
    [["plan", "--pods", "dir", "--stats", "stats.json"], 1, "read dir: it is a directory"],
    [["plan", "--pods", "pods.json", "--stats", "empty.json"], 1, "read empty.json: no JSON: it is empty"],
    [["plan", "--pods", "pods.json", "--stats", "cut.json"], 1, "read cut.json: no JSON: line 1, column 11"],
    [["plan", "--pods", "pods.json", "--stats", "comment.json"], 1, "read comment.json: no JSON: line 2, column 3"],
    [["plan", "--pods", "pods.json", "--stats", "text.json"], 1, "read text.json: no summary of stats"],
    [["plan", "--pods", "pods.json", "--stats", "pods.json"], 1, "read pods.json: node is missing"],
    [["plan", "--pods", "pods.json", "--stats", "negative.json"], 1, "node.memory.availableBytes is -1, and negative"],
    [["plan", "--pods", "pods.json", "--stats", "words.json"], 1, "node.fs.inodes is not a number"],
    [["plan", "--pods", "pods.json", "--stats", "anonymous.json"], 1, "pods[0].podRef.uid is missing"],
    [["plan", "--pods", "pods.json", "--stats", "nullpod.json"], 1, "pods[0] is null"],
    [["plan", "--pods", "deep.json", "--stats", "stats.json"], 1, "read deep.json: nested deeper than 100 levels"],
    [["plan", "--pods", "text.json", "--stats", "stats.json"], 1, "neither a PodList nor a Pod"],
    [["plan", "--pods", "service.json", "--stats", "stats.json"], 1, 'kind is "Service"'],
    [["plan", "--pods", "nameless.json", "--stats", "stats.json"], 1, "[0].metadata.name is missing"],
    [["plan", "--pods", "badpod.json", "--stats", "stats.json"], 1, '[0]: parse quantity "lots"'],
    [["plan", "--pods", "badtype.json", "--stats", "stats.json"], 1, "[0].spec.containers is not a list"],
    [
      ["plan", "--pods", "pods.json", "--stats", "stats.json", "--thresholds", "badconfig.json"],
      1,
      "evictionHard.memory.available is not a text",
    ],
    [["plan", "--pods", "pods.json", "--stats", "stats.json", "--thresholds", "node.json"], 1, 'kind is "Node", not KubeletConfiguration'],
  ])("refuses %j with %i and says %j", async (argv, code, words) => {
    const result = await run(...argv);
    expect(result.error).toContain(words);
    expect([result.code, result.out, result.error.split("\n").length]).toEqual([code, "", 2]);
    expect(result.error).not.toContain("secret words");
  });

  it.each(["list.json", "one.json", "none.json", "pods.json"])("reads pods from %s", async (file) => {
    expect((await run("plan", "--pods", file, "--stats", "stats.json")).code).toBe(0);
  });

  it.each([["--help"], ["-h"], ["help"], ["plan", "--help"]])("helps: %s", async (...argv) => {
    const { code, out } = await run(...argv);
    expect([code, out.startsWith("usage: eviction plan")]).toEqual([0, true]);
  });
});
