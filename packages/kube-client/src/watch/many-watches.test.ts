import type { Pod } from "@nk/pod-model";
import { systemClock } from "@nk/stdx";
import { describe, expect, it } from "vitest";
import { createKubeClient } from "../client.ts";
import { kinds } from "../kinds.ts";
import { createTestAuthority, startFakeApiServer } from "../testing/index.ts";
import type { WatchItem } from "./item-buffer.ts";

describe("a watch", () => {
  it("shares few connections with hundreds of others", async () => {
    await using authority = await createTestAuthority();
    const serving = await authority.issueServer();
    await using server = await startFakeApiServer({ tls: { serving, caPem: authority.caPem }, maxConcurrentStreams: 100 });
    await using client = createKubeClient({ access: server.access(), rateLimit: { qps: -1, burst: 1 } });
    const watches = Array.from({ length: 350 }, (_, index) =>
      client.watch(kinds.secrets, { namespace: "a", fieldSelector: `metadata.name=s${index}` }),
    );
    const iterators = watches.map((watch) => watch[Symbol.asyncIterator]());
    const synced = await Promise.all(iterators.map((iterator) => iterator.next()));
    expect(synced.every(({ value }) => (value as WatchItem<Pod>).type === "synced")).toBe(true);
    expect(server.network.connectionCount).toBeLessThanOrEqual(5);
    server.put(kinds.secrets, { metadata: { name: "s349", namespace: "a" } });
    expect(await iterators[349]?.next()).toMatchObject({ value: { type: "added", object: { metadata: { name: "s349" } } } });
    for (const iterator of iterators) await iterator.return?.();
    while (server.watches.count > 0) await systemClock.sleep(5);
  });
});
