import { describe, expect, it } from "vitest";
import { noopLogger } from "./logger.ts";
import { noopMetrics } from "./metrics.ts";
import { noopTracer } from "./tracer.ts";

describe("the no-op telemetry", () => {
  it("takes everything and does nothing", () => {
    const logger = noopLogger.child({ a: 1 });
    logger.debug("a");
    logger.info("b", { c: 1 });
    logger.warn("d");
    logger.error("e", { error: new Error("f") });
    noopMetrics.counter({ name: "a", help: "a" }).inc();
    noopMetrics.gauge({ name: "a", help: "a" }).set(1);
    noopMetrics.gauge({ name: "a", help: "a" }).add(1);
    noopMetrics.histogram({ name: "a", help: "a", buckets: [] }).observe(1);
    const span = noopTracer.startSpan("a", { b: true });
    span.setAttribute("c", 1);
    span.recordError(new Error("d"));
    span.end();
    expect(logger).toBe(noopLogger);
  });
});
