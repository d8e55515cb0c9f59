import { createFakeClock } from "@nk/stdx/testing";
import { describe, expect, it } from "vitest";
import { createHostPathLooks } from "./host-path-looks.ts";

/** Paths below /hung are on a server that does not answer before `answer` is called. */
const createServer = () => {
  const hung = Promise.withResolvers<void>();
  const looked: string[] = [];
  const look = async (path: string): Promise<void> => {
    looked.push(path);
    if (path.startsWith("/hung")) await hung.promise;
  };
  return { look, looked, answer: hung.resolve };
};

const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
};

describe("looks at host paths", () => {
  it("are given up when they are told to, also one that never ends", async () => {
    const { look } = createServer();
    const looks = createHostPathLooks({ clock: createFakeClock(), look });
    const stop = new AbortController();
    const ended = looks.ensure("/hung", "Directory", { signal: stop.signal }).catch((error: unknown) => error);
    await settle();
    stop.abort(new Error("the pod is being released"));
    expect(await ended).toBe(stop.signal.reason);
  });

  it("hold two threads at most, however many are given up and begun again", async () => {
    const { look, looked, answer } = createServer();
    const looks = createHostPathLooks({ clock: createFakeClock(), look });
    for (const path of ["/hung/a", "/hung/b", "/hung/a", "/hung/b"]) {
      const stop = new AbortController();
      const ended = looks.ensure(path, "Directory", { signal: stop.signal }).catch(() => undefined);
      await settle();
      stop.abort(new Error("later"));
      await ended;
    }
    const waiting = looks.ensure("/here", "Directory", {});
    await settle();
    expect(looked).toEqual(["/hung/a", "/hung/b"]);
    answer();
    await waiting;
    expect(looked).toEqual(["/hung/a", "/hung/b", "/here"]);
  });

  it("say that nothing is lacking when that cannot be told within a second", async () => {
    const clock = createFakeClock();
    const looks = createHostPathLooks({ clock, look: createServer().look });
    const answer = looks.lacks("/hung", "Directory");
    await settle();
    await clock.advance(1000);
    expect(await answer).toBe(false);
  });

  it("do not wait for paths of which nothing need be known", async () => {
    const { look, looked } = createServer();
    const looks = createHostPathLooks({ clock: createFakeClock(), look });
    await looks.ensure("/hung", "", {});
    expect(await looks.lacks("/hung", "DirectoryOrCreate")).toBe(false);
    expect(looked).toEqual([]);
  });
});
