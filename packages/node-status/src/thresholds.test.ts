import { formatQuantity, parseQuantity } from "@nk/pod-model";
import { describe, expect, it } from "vitest";
import { computeEvictionReservation, parseHardEviction } from "./thresholds.ts";

const reserve = (evictionHard: { readonly [signal: string]: string }) =>
  Object.fromEntries(
    Object.entries(
      computeEvictionReservation(parseHardEviction(evictionHard), {
        memory: parseQuantity("24684096Ki"),
        "ephemeral-storage": parseQuantity("264212084Ki"),
      }),
    ).map(([name, quantity]) => [name, formatQuantity(quantity)]),
  );

describe("hard eviction thresholds", () => {
  it.each([
    [{ "memory.available": "100Mi" }, { memory: "100Mi" }],
    [{ "memory.available": "5%" }, { memory: "1263825734" }],
    [{ "nodefs.available": "1%" }, { "ephemeral-storage": "2705531679" }],
    [{ "nodefs.available": "0%", "memory.available": "100%" }, {}],
    [{ "nodefs.inodesFree": "5%", "imagefs.available": "15%", "containerfs.available": "1Gi", "pid.available": "10" }, {}],
  ])("%j keep %j free", (evictionHard, expected) => expect(reserve(evictionHard)).toEqual(expected));

  it.each([
    { "memory.free": "1Gi" },
    { "memory.available": "0" },
    { "memory.available": "-1Gi" },
    { "nodefs.available": "101%" },
    { "nodefs.available": "-1%" },
    { "nodefs.available": "x%" },
    { "nodefs.available": "%" },
    { "imagefs.available": "lots" },
  ])("%j are refused", (evictionHard) => {
    expect(() => parseHardEviction(evictionHard)).toThrow(expect.objectContaining({ code: "invalid-option" }));
  });

  it.each([
    "memory.available",
    "allocatableMemory.available",
    "nodefs.available",
    "nodefs.inodesFree",
    "imagefs.available",
    "imagefs.inodesFree",
    "containerfs.available",
    "containerfs.inodesFree",
    "pid.available",
  ])("may be on %s, as in the reference (OpForSignal, pkg/kubelet/eviction/api)", (signal) => {
    expect([...parseHardEviction({ [signal]: "10%" }).keys()]).toEqual(
      { "memory.available": ["memory"], "nodefs.available": ["ephemeral-storage"] }[signal] ?? [],
    );
  });

  it("are on no other signal", () => {
    expect(() => parseHardEviction({ "cpu.available": "10%" })).toThrow("no such signal");
  });
});
