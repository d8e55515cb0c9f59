import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { noopLogger } from "@nk/stdx";
import { createRecordingLogger } from "@nk/stdx/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { formatAllocations, openAllocationFile, parseAllocations } from "./checkpoint.ts";
import type { Allocation } from "./checkpoint.ts";

let directory = "";
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "allocations-"));
});
afterAll(() => rm(directory, { recursive: true }));

const allocation: Allocation = {
  resources: { containers: { main: { requests: { cpu: "1" }, limits: { memory: "1Gi" } } }, pod: { requests: { cpu: "2" } } },
  inProgress: { acceptedAtMs: 5, generation: 2, changes: { containers: { main: ["cpu"] }, pod: ["memory"] }, before: { containers: {} } },
};

test("what is kept is read by the next kubelet, and nothing lies beside it", async () => {
  const path = join(directory, "kept.json");
  const store = await openAllocationFile({ path, logger: noopLogger });
  expect(store.kept.size).toBe(0);
  await store.keep(new Map([["u1", allocation]]));
  expect((await openAllocationFile({ path, logger: noopLogger })).kept).toEqual(new Map([["u1", allocation]]));
  expect(await readdir(directory)).toEqual(["kept.json"]);
  await store.keep(new Map());
  expect(JSON.parse(await readFile(path, "utf8"))).toEqual({ version: 1, pods: {} });
});

describe("a file that is damaged", () => {
  const good = JSON.parse(formatAllocations(new Map([["u1", allocation]]))) as object;
  const cases: Record<string, { text: string; kept: number; dropped: number; problem?: string }> = {
    "is empty": { text: "", kept: 0, dropped: 0, problem: "it is not JSON" },
    "ends in the middle": {
      text: formatAllocations(new Map([["u1", allocation]])).slice(0, 40),
      kept: 0,
      dropped: 0,
      problem: "it is not JSON",
    },
    "is of the reference": { text: `{"data":"{}","checksum":1}`, kept: 0, dropped: 0, problem: "it has not the form of version 1" },
    "is of a later version": { text: `{"version":2,"pods":{}}`, kept: 0, dropped: 0, problem: "it has not the form of version 1" },
    "has one bad pod": { text: JSON.stringify({ ...good, pods: { u1: allocation, u2: { resources: [] } } }), kept: 1, dropped: 1 },
    "has numbers for amounts": {
      text: `{"version":1,"pods":{"u":{"resources":{"containers":{"main":{"requests":{"cpu":1}}}}}}}`,
      kept: 0,
      dropped: 1,
    },
    "has an order without a time": {
      text: JSON.stringify({ version: 1, pods: { u: { ...allocation, inProgress: { ...allocation.inProgress, acceptedAtMs: null } } } }),
      kept: 0,
      dropped: 1,
    },
  };
  test.each(Object.entries(cases))("%s", (_name, { text, kept, dropped, problem }) => {
    const result = parseAllocations(text);
    expect([result.allocations.size, result.dropped, result.problem]).toEqual([kept, dropped, problem]);
  });

  test("never makes reading throw", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        expect(parseAllocations(text).allocations.size).toBe(0);
      }),
    );
    fc.assert(
      fc.property(fc.jsonValue(), (pods) => {
        const { allocations, dropped } = parseAllocations(JSON.stringify({ version: 1, pods }));
        expect(allocations.size + dropped).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  test("is told and counts as empty, also when it cannot be read at all", async () => {
    const path = join(directory, "damaged.json");
    await writeFile(path, "rubbish");
    const logger = createRecordingLogger();
    expect((await openAllocationFile({ path, logger })).kept.size).toBe(0);
    expect((await openAllocationFile({ path: directory, logger })).kept.size).toBe(0);
    expect(logger.entries.map(({ message }) => message)).toEqual([
      "file of allocated resources is damaged",
      "file of allocated resources cannot be read",
    ]);
  });
});
