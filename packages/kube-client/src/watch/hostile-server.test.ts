import { systemClock } from "@nk/stdx";
import { createFakeClock } from "@nk/stdx/testing";
import type { FakeClock } from "@nk/stdx/testing";
import type { Pod } from "@nk/pod-model";
import { describe, expect, it } from "vitest";
import { createKubeClient } from "../client.ts";
import type { KubeClientError } from "../errors.ts";
import { kinds } from "../kinds.ts";
import { startFakeApiServer } from "../testing/index.ts";
import type { FakeApiServer, FakeApiServerOptions } from "../testing/index.ts";
import type { WatchItem } from "./item-buffer.ts";

// A server, or a proxy before it, that answers rubbish must neither end a watch nor make it run in circles nor put it to sleep.

const pod: Pod = { metadata: { name: "a", namespace: "default" }, spec: { containers: [{ name: "c", image: "i" }] } };
const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await systemClock.sleep(5);
};

interface Setup extends AsyncDisposable {
  readonly server: FakeApiServer;
  readonly clock: FakeClock;
  readonly problems: readonly KubeClientError[];
  readonly next: () => Promise<WatchItem<Pod>>;
}

const setUp = async (options: FakeApiServerOptions = {}): Promise<Setup> => {
  const clock = createFakeClock();
  const server = await startFakeApiServer(options);
  server.put(kinds.pods, pod);
  const client = createKubeClient({ access: server.access(), clock, random: () => 0, rateLimit: { qps: -1, burst: 1 } });
  const problems: KubeClientError[] = [];
  const iterator = client.watch(kinds.pods, {}, { onProblem: (error) => problems.push(error) })[Symbol.asyncIterator]();
  return {
    server,
    clock,
    problems,
    next: async () => (await iterator.next()).value as WatchItem<Pod>,
    async [Symbol.asyncDispose]() {
      client.close();
      await iterator.next().catch(() => undefined);
      await server[Symbol.asyncDispose]();
    },
  };
};

describe("a watch", () => {
  it.each(["[null]", '["a"]', "[[]]"])("lists again when the server lists what is no object: %s", async (items) => {
    await using setup = await setUp({ watchList: "refused" });
    const text = `{"kind":"PodList","metadata":{"resourceVersion":"5"},"items":${items}}`;
    using _fault = setup.server.fail({ watch: false, times: 1, action: { type: "body", text } });
    expect(await setup.next()).toMatchObject({ type: "synced", items: [{ metadata: { name: "a" } }] });
    expect(setup.problems).toMatchObject([{ code: "bad-answer" }]);
  });

  it("takes its time when each stream ends before everything was told", async () => {
    await using setup = await setUp();
    const { server, clock, problems } = setup;
    const event = { type: "ADDED", object: { metadata: { name: "a", namespace: "default", resourceVersion: "1" } } };
    const fault = server.fail({ watch: true, action: { type: "body", text: `${JSON.stringify(event)}\n` } });
    const synced = setup.next();
    await until(() => problems.length === 2 || server.requests.length > 20);
    // The first of them is retried at once.
    expect(server.requests.length).toBe(2);
    expect(problems[0]).toMatchObject({ code: "bad-answer" });
    fault[Symbol.dispose]();
    await clock.advance(2_000);
    expect(await synced).toMatchObject({ type: "synced", items: [{ metadata: { name: "a" } }] });
  });

  it("is not put to sleep for hours by a Retry-After", async () => {
    await using setup = await setUp();
    const { server, clock, problems } = setup;
    using _fault = server.fail({ times: 1, action: { type: "status", status: 503, retryAfterSeconds: 86_400 } });
    const synced = setup.next();
    await until(() => problems.length === 1);
    await clock.advance(30_000);
    await until(() => server.requests.length === 2);
    expect(await synced).toMatchObject({ type: "synced" });
  });
});
