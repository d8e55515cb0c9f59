import type { Pod } from "@nk/pod-model";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { computeEviction } from "./compute-eviction.ts";
import type { EvictionAction, EvictionDecision, EvictionInput, EvictionOptions } from "./compute-eviction.ts";
import { computeThresholds } from "./filesystem-layout.ts";
import type { FilesystemLayout } from "./filesystem-layout.ts";
import { computeObservations } from "./observations.ts";
import { rankPods } from "./rank.ts";
import { EMPTY_STATE, isReclaimed } from "./shortage.ts";
import { SIGNALS } from "./signals.ts";
import type { PodStats, Summary } from "./summary.ts";
import { createFakeNode, sketchPod } from "./testing/index.ts";
import { parseThresholds } from "./thresholds.ts";
import { indexStats } from "./usage.ts";

const Mi = 2 ** 20;
const CAPACITY = 1024 * Mi;

const pods = fc.array(
  fc.record({
    priority: fc.option(fc.integer({ min: -2, max: 2 }), { nil: undefined }),
    isCritical: fc.boolean(),
    request: fc.constantFrom("", "0", "1Mi", "50Mi", "1Gi", "lots"),
    memoryBytes: fc.option(fc.integer({ min: 0, max: 200 * Mi }), { nil: undefined }),
    rootfsBytes: fc.integer({ min: 0, max: 100 * Mi }),
    pids: fc.integer({ min: 0, max: 50 }),
    createdAt: fc.constantFrom(undefined, "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"),
  }),
  { maxLength: 8 },
);
type Sketches = typeof pods extends fc.Arbitrary<infer T> ? T : never;

const makePods = (sketches: Sketches): { readonly pods: readonly Pod[]; readonly stats: readonly PodStats[] } => ({
  pods: sketches.map(({ priority, isCritical, request, createdAt }, index) =>
    sketchPod({
      name: `p${index}`,
      requests: request === "" ? {} : { memory: request },
      ...(isCritical ? { priority: 2_000_000_000 } : priority === undefined ? {} : { priority }),
      ...(createdAt === undefined ? {} : { createdAt }),
    }),
  ),
  stats: sketches.flatMap(({ memoryBytes, rootfsBytes, pids: processCount }, index) =>
    memoryBytes === undefined
      ? []
      : [
          {
            podRef: { uid: `p${index}` },
            memory: { workingSetBytes: memoryBytes },
            containers: [{ name: "main", rootfs: { usedBytes: rootfsBytes }, logs: { usedBytes: 0 } }],
            process_stats: { process_count: processCount },
          },
        ],
  ),
});

/** Shares of what there is: memory, disk, processes. */
const node = fc.record({
  memory: fc.integer({ min: 0, max: 100 }),
  disk: fc.integer({ min: 0, max: 100 }),
  pids: fc.integer({ min: 0, max: 100 }),
});

const summaryOf = (
  free: { readonly memory: number; readonly disk: number; readonly pids: number },
  stats: readonly PodStats[],
): Summary => ({
  node: {
    memory: { availableBytes: (CAPACITY / 100) * free.memory, workingSetBytes: CAPACITY - Math.trunc((CAPACITY / 100) * free.memory) },
    fs: { availableBytes: free.disk * Mi, capacityBytes: 100 * Mi },
    rlimit: { maxpid: 100, curproc: 100 - free.pids },
  },
  pods: stats,
});

const thresholds = fc.record({
  memory: fc.constantFrom("100Mi", "10%", "50%", "0%", "2Gi"),
  disk: fc.constantFrom("10Mi", "30%", "0%"),
  pids: fc.constantFrom("10%", "0%"),
  reclaim: fc.constantFrom(undefined, "100Mi", "10%"),
});
const layouts = fc.constantFrom<FilesystemLayout>("shared", "image", "split");

const readThresholds = (
  { memory, disk, pids: processes, reclaim }: { memory: string; disk: string; pids: string; reclaim: string | undefined },
  layout: FilesystemLayout,
) =>
  computeThresholds(
    parseThresholds({
      evictionHard: { "memory.available": memory, "nodefs.available": disk, "pid.available": processes },
      ...(reclaim === undefined ? {} : { evictionMinimumReclaim: { "memory.available": reclaim } }),
    }),
    layout,
  );

const victimsOf = (action: EvictionAction): readonly string[] =>
  action.kind === "none" ? [] : action.victims.map(({ pod }) => pod.metadata?.uid ?? "");

const inputs = fc.record({ sketches: pods, free: node, texts: thresholds, layout: layouts, more: fc.integer({ min: 0, max: 100 }) });

const look = (
  { sketches, texts, layout }: { sketches: Sketches; texts: Parameters<typeof readThresholds>[0]; layout: FilesystemLayout },
  free: { readonly memory: number; readonly disk: number; readonly pids: number },
): EvictionDecision => {
  const made = makePods(sketches);
  const input: EvictionInput = {
    state: EMPTY_STATE,
    observations: computeObservations(summaryOf(free, made.stats)),
    pods: made.pods,
    stats: indexStats(made.stats),
    nowMs: 1000,
  };
  return computeEviction(input, { thresholds: readThresholds(texts, layout), layout });
};

/** fast-check prints the seed of a run that fails; NK_FUZZ_RUNS asks for more of them. */
const numRuns = Number(process.env["NK_FUZZ_RUNS"] ?? 300);

describe("computeEviction, whatever the node", () => {
  it("adds no victim when more memory is free", () => {
    fc.assert(
      fc.property(inputs, ({ free, more, ...rest }) => {
        const onlyMemory = { ...rest, texts: { ...rest.texts, disk: "0%", pids: "0%" } };
        const richer = { ...free, memory: Math.min(100, free.memory + more) };
        const [before, after] = [look(onlyMemory, free), look(onlyMemory, richer)];
        expect(victimsOf(before.action)).toEqual(expect.arrayContaining([...victimsOf(after.action)]));
        // With other shortages beside it another pod may be the next, but never somebody instead of nobody.
        if (look(rest, free).action.kind === "none") expect(look(rest, richer).action.kind).toBe("none");
      }),
      { numRuns },
    );
  });

  it("gives the same plan twice, changes nothing that it was given, and never names a critical pod", () => {
    fc.assert(
      fc.property(inputs, ({ free, sketches, texts, layout }) => {
        const rest = { sketches, texts, layout };
        const first = look(rest, free);
        expect(look(rest, free)).toEqual(first);
        const { action } = first;
        if (action.kind === "none") return;
        expect(action.victims.filter(({ pod }) => (pod.spec?.priority ?? 0) >= 2_000_000_000)).toEqual([]);
        expect(new Set(victimsOf(action)).size).toBe(action.victims.length);
      }),
      { numRuns },
    );
  });

  it("ranks in a strict order: every pod once, and the same whatever order they came in", () => {
    fc.assert(
      fc.property(pods, fc.constantFrom(...SIGNALS), layouts, fc.integer(), (sketches, signal, layout, seed) => {
        const { pods: all, stats } = makePods(sketches);
        const options = { signal, layout, stats: indexStats(stats) };
        const names = (some: readonly Pod[]) => rankPods(some, options).map(({ pod }) => pod.metadata?.name ?? "");
        const ranked = names(all);
        expect(ranked.toSorted()).toEqual(all.map(({ metadata }) => metadata?.name ?? "").toSorted());
        const shuffled = all.map((pod, index) => ({ pod, key: Math.imul(seed ^ index, 2_654_435_761) })).toSorted((a, b) => a.key - b.key);
        expect(names(shuffled.map(({ pod }) => pod))).toEqual(ranked);
        // Asymmetric and transitive: each pair is ranked as it is among all.
        for (const [place, before] of ranked.entries()) {
          for (const after of ranked.slice(place + 1)) {
            const pair = all.filter(({ metadata }) => metadata?.name === before || metadata?.name === after);
            expect(names(pair)).toEqual([before, after]);
          }
        }
      }),
      { numRuns },
    );
  });

  it("ends: evicting the first victim again and again relieves the node or leaves nobody", () => {
    fc.assert(
      fc.property(inputs, ({ sketches, free, texts, layout }) => {
        const limits = readThresholds(texts, layout);
        const { pods: all, stats } = makePods(sketches);
        let running = all;
        let state = EMPTY_STATE;
        for (let pass = 0; pass <= all.length + 1; pass += 1) {
          const freed = stats.filter(({ podRef }) => !running.some(({ metadata }) => metadata?.uid === podRef.uid));
          const bytes = freed.reduce((total, { memory }) => total + Number(memory?.workingSetBytes ?? 0), 0);
          const share = Math.min(100, free.memory + Math.trunc(bytes / (CAPACITY / 100)));
          const observations = computeObservations(summaryOf({ ...free, memory: share }, []));
          const decision = computeEviction(
            { state, observations, pods: running, stats: indexStats(stats), nowMs: pass * 10_000 },
            { thresholds: limits, layout },
          );
          ({ state } = decision);
          const [victim] = victimsOf(decision.action);
          if (victim === undefined) break;
          expect(pass, "it evicts more pods than there are").toBeLessThan(all.length);
          running = running.filter(({ metadata }) => metadata?.uid !== victim);
        }
      }),
      { numRuns },
    );
  });
});

describe("computeEviction", () => {
  const options = (texts: Parameters<typeof parseThresholds>[0], more: Partial<EvictionOptions> = {}): EvictionOptions => ({
    thresholds: parseThresholds(texts),
    layout: "shared",
    ...more,
  });
  const hog = sketchPod({ name: "hog", gracePeriodSeconds: 60 });
  const fakeNode = createFakeNode({ memoryBytes: 1024 * Mi });
  fakeNode.run(hog, { memoryBytes: 1000 * Mi });
  const at = (nowMs: number, state = EMPTY_STATE): EvictionInput => {
    const summary = fakeNode.summary(nowMs);
    return { state, observations: computeObservations(summary), pods: fakeNode.pods(), stats: indexStats(summary.pods), nowMs };
  };

  it("puts the message into the condition of the pod", () => {
    const { action } = computeEviction(at(0), options({ evictionHard: { "memory.available": "100Mi" } }));
    expect(action).toMatchObject({
      kind: "evict",
      resource: "memory",
      event: { reason: "EvictionThresholdMet", message: "Attempting to reclaim memory" },
      victims: [
        {
          signal: "memory.available",
          reason: "Evicted",
          gracePeriodSeconds: 1,
          condition: {
            type: "DisruptionTarget",
            status: "True",
            reason: "TerminationByKubelet",
            message: expect.stringContaining("The node was low"),
          },
        },
      ],
    });
  });

  it.each<[most: number | undefined, own: number | undefined, granted: number]>([
    [undefined, 60, 1],
    [0, 60, 1],
    [30, 60, 30],
    [90, 60, 60],
    [90, undefined, 90],
    [90, 0, 1],
    [90, -5, 1],
  ])("a soft eviction with at most %s s and %s s of the pod's own grants %s s", (most, own, granted) => {
    fakeNode.run(sketchPod({ name: "hog", ...(own === undefined ? {} : { gracePeriodSeconds: own }) }), { memoryBytes: 1000 * Mi });
    const soft = options(
      { evictionSoft: { "memory.available": "100Mi" }, evictionSoftGracePeriod: { "memory.available": "10s" } },
      most === undefined ? {} : { maxPodGracePeriodSeconds: most },
    );
    const first = computeEviction(at(0), soft);
    expect(first.action.kind).toBe("none");
    expect(first.conditions).toEqual(["MemoryPressure"]);
    const { action } = computeEviction(at(10_000, first.state), soft);
    expect(action.kind === "evict" ? action.victims[0]?.gracePeriodSeconds : undefined).toBe(granted);
  });

  it("tells a condition of now even when none is kept", () => {
    const none = options({ evictionHard: { "memory.available": "100Mi" } }, { transitionPeriodMs: 0 });
    expect(computeEviction(at(5), none).conditions).toEqual(["MemoryPressure"]);
    fakeNode.remove("hog");
    expect(computeEviction(at(6, computeEviction(at(5), none).state), none).conditions).toEqual([]);
  });

  it("leaves pods over their limits alone where local limits are not enforced", () => {
    fakeNode.run(sketchPod({ name: "full", emptyDirs: { v: "1Mi" } }), { volumeBytes: { v: 9 * Mi } });
    expect(computeEviction(at(0), options({})).action.kind).toBe("evict-all");
    expect(computeEviction(at(0), options({}, { enforcesLocalLimits: false })).action.kind).toBe("none");
  });

  it("takes the minimum reclaim of every threshold for reclaim to have been enough, and no grace period", () => {
    const limits = parseThresholds({
      evictionHard: { "nodefs.available": "10Mi" },
      evictionSoft: { "memory.available": "100Mi" },
      evictionSoftGracePeriod: { "memory.available": "1h" },
      evictionMinimumReclaim: { "nodefs.available": "5Mi" },
    });
    const seen = (disk: number, memory: number) =>
      computeObservations({
        node: { fs: { availableBytes: disk * Mi, capacityBytes: 100 * Mi }, memory: { availableBytes: memory * Mi, workingSetBytes: 0 } },
      });
    expect([seen(14, 200), seen(15, 99), seen(15, 100)].map((one) => isReclaimed(limits, one))).toEqual([false, false, true]);
  });
});
