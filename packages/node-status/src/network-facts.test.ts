import { join } from "node:path";
import { createFakeClock } from "@nk/stdx/testing";
import { describe, expect, it } from "vitest";
import { createNetworkFacts } from "./network-facts.ts";
import type { NetworkFactsOptions } from "./network-facts.ts";

const root = join(import.meta.dirname, "../test/fixtures/machines/plain");
const { signal } = new AbortController();
const create = (options: Partial<NetworkFactsOptions> = {}) =>
  createNetworkFacts({ nodeName: "node-1", root, listInterfaces: () => [], lookupAddresses: () => Promise.resolve([]), ...options });

describe("createNetworkFacts", () => {
  it("finds the interfaces of the default routes", async () => {
    const { defaultRoutes } = await create().read({ lookup: false, signal });
    expect(defaultRoutes).toEqual({ ipv4: ["eth0"], ipv6: ["eth1"] });
  });

  it("has no routes where the kernel shows none", async () => {
    const { defaultRoutes } = await create({ root: "/nowhere" }).read({ lookup: false, signal });
    expect(defaultRoutes).toBeUndefined();
  });

  it("asks DNS only when told to", async () => {
    let asked = 0;
    const network = create({
      lookupAddresses: (name) => {
        asked += 1;
        return Promise.resolve([`addresses of ${name}`]);
      },
    });
    expect((await network.read({ lookup: false, signal })).resolved).toEqual([]);
    expect(asked).toBe(0);
    expect((await network.read({ lookup: true, signal })).resolved).toEqual(["addresses of node-1"]);
  });

  it("remembers what DNS said while it fails or hangs", async () => {
    const clock = createFakeClock();
    const answers: (() => Promise<readonly string[]>)[] = [
      () => Promise.resolve(["192.0.2.7"]),
      () => Promise.reject(new Error("SERVFAIL")),
      () => new Promise(() => {}),
    ];
    const network = create({ clock, lookupAddresses: () => (answers.shift() ?? answers[0])?.() ?? Promise.resolve([]) });
    expect((await network.read({ lookup: true, signal })).resolved).toEqual(["192.0.2.7"]);
    expect((await network.read({ lookup: true, signal })).resolved).toEqual(["192.0.2.7"]);
    const hanging = network.read({ lookup: true, signal });
    // The routes come from real files, so the deadline is armed at some later turn.
    while (clock.pendingCount === 0) await clock.advance(0);
    await clock.advance(2000);
    expect((await hanging).resolved).toEqual(["192.0.2.7"]);
    expect(clock.pendingCount).toBe(0);
  });

  it("shows the machine's own interfaces", async () => {
    const { interfaces } = await createNetworkFacts({ nodeName: "node-1" }).read({ lookup: false, signal });
    expect(interfaces.filter(({ isLoopback }) => isLoopback).flatMap(({ addresses }) => addresses)).toContain("127.0.0.1");
  });
});
