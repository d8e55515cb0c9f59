import { describe, expect, it } from "vitest";
import { createKlog } from "./klog.ts";

const lines = (format: "text" | "json", verbosity = 0) => {
  const written: string[] = [];
  const logger = createKlog({ format, verbosity: () => verbosity, pid: 42, nowMs: () => 1_000, write: (line) => written.push(line) });
  return { written, logger };
};

describe("the log", () => {
  it("writes klog's text form, with the causes of an error and without its fields", () => {
    const { written, logger } = lines("text");
    const error = Object.assign(new Error("pull failed", { cause: new Error("refused") }), { auth: "secret" });
    logger.child({ pod: "default/web" }).error("sync failed", { error, count: 3n });
    expect(written[0]).toMatch(
      /^E0101 \d\d:\d\d:01\.000000 {6}42 nk\] "sync failed" pod="default\/web" err="pull failed: refused" count="3"\n$/,
    );
  });

  it("writes JSON when asked to", () => {
    const { written, logger } = lines("json");
    logger.info("started", { port: 1 });
    expect(JSON.parse(written[0] ?? "")).toEqual({ ts: 1000, v: 0, level: "I", msg: "started", port: 1 });
  });

  it.each(["text", "json"] as const)("writes a %s line whatever the fields hold", (format) => {
    const { written, logger } = lines(format);
    const circle: { self?: unknown } = {};
    circle.self = circle;
    const cause = new Error("turtles");
    cause.cause = cause;
    logger.warn("odd", { sizes: [3n], circle, inner: { failed: new Error("why") }, error: cause });
    expect(written[0]).toContain('["3"]');
    expect(written[0]).toContain("not printable");
    expect(written[0]).toContain('{"failed":"why"}');
  });

  it("keeps debug lines for verbosity 4", () => {
    const quiet = lines("text");
    quiet.logger.debug("x");
    const loud = lines("text", 4);
    loud.logger.debug("x");
    expect([quiet.written.length, loud.written.length]).toEqual([0, 1]);
  });
});
