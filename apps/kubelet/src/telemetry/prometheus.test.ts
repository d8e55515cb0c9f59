import { describe, expect, it } from "vitest";
import { createPrometheusRegister } from "./prometheus.ts";

const linesOf = async (register: { render(): Promise<string> }): Promise<readonly string[]> => (await register.render()).split("\n");

describe("the metrics register", () => {
  it("writes what was measured, sorted by name, as the reference writes it", async () => {
    const register = createPrometheusRegister();
    const options = { name: "kubelet_things_total", help: "Things\nand \\more.", labelNames: ["zone", "kind"] };
    register.counter(options).inc({ kind: 'a "b"\n\\', zone: "z" });
    register.counter(options).inc({ zone: "z", kind: 'a "b"\n\\' }, 2);
    register.gauge({ name: "kubelet_level", help: "[ALPHA] Level." }).set(-1.5);
    const seconds = register.histogram({ name: "kubelet_bytes", help: "Bytes.", labelNames: ["verb"], buckets: [64, 1_048_576] });
    for (const value of [1, 64, 65, 2 ** 30]) seconds.observe(value, { verb: "GET" });
    expect(await register.render()).toBe(`# HELP kubelet_bytes Bytes.
# TYPE kubelet_bytes histogram
kubelet_bytes_bucket{verb="GET",le="64"} 2
kubelet_bytes_bucket{verb="GET",le="1.048576e+06"} 3
kubelet_bytes_bucket{verb="GET",le="+Inf"} 4
kubelet_bytes_sum{verb="GET"} 1.073741954e+09
kubelet_bytes_count{verb="GET"} 4
# HELP kubelet_level [ALPHA] Level.
# TYPE kubelet_level gauge
kubelet_level -1.5
# HELP kubelet_things_total Things\\nand \\\\more.
# TYPE kubelet_things_total counter
kubelet_things_total{kind="a \\"b\\"\\n\\\\",zone="z"} 3
`);
  });

  it("shows what has no labels from the start, and what has some once it was measured", async () => {
    const register = createPrometheusRegister();
    register.counter({ name: "a_total", help: "A." });
    const labelled = register.gauge({ name: "b", help: "B.", labelNames: ["kind"] });
    expect(await linesOf(register)).toEqual(["# HELP a_total A.", "# TYPE a_total counter", "a_total 0", ""]);
    labelled.set(0, { kind: "x" });
    expect(await linesOf(register)).toContain('b{kind="x"} 0');
    labelled.remove({ kind: "x" });
    expect(await linesOf(register)).toHaveLength(4);
  });

  it("asks a gauge that knows its value whenever it is read, and leaves it out when it has none", async () => {
    const register = createPrometheusRegister();
    let left: number | undefined = 2;
    register.gauge({ name: "ttl", help: "Left.", read: () => left });
    expect(await linesOf(register)).toContain("ttl 2");
    left = Infinity;
    expect(await linesOf(register)).toContain("ttl +Inf");
    left = undefined;
    expect((await register.render()).trim()).toBe("");
  });

  it("never throws at whoever measures, and counts nothing that is no number", async () => {
    const register = createPrometheusRegister();
    const total = register.counter({ name: "a_total", help: "A." });
    total.inc({}, Number.NaN);
    total.inc({}, -5);
    total.inc({ unheard: "of" }, 2);
    register.histogram({ name: "b", help: "B.", buckets: [1] }).observe(Number.NaN);
    const lines = await linesOf(register);
    expect(lines).toContain("a_total 2");
    expect(lines).toContain("b_count 0");
  });

  it("takes one name for one kind only", () => {
    const register = createPrometheusRegister();
    register.counter({ name: "a_total", help: "A." });
    expect(() => register.gauge({ name: "a_total", help: "A." })).toThrow("metric a_total is a counter, not a gauge");
  });

  it("drops series beyond its limit and says how many observations that were", async () => {
    const register = createPrometheusRegister({ maxSeriesPerMetric: 2 });
    const total = register.counter({ name: "paths_total", help: "P.", labelNames: ["path"] });
    for (const path of ["a", "b", "c", "d", "a"]) total.inc({ path });
    const lines = await linesOf(register);
    expect(lines.filter((line) => line.startsWith("paths_total"))).toEqual(['paths_total{path="a"} 2', 'paths_total{path="b"} 1']);
    expect(lines).toContain("nk_metrics_dropped_total 2");
  });

  it("renders the rest when a look-up fails", async () => {
    const register = createPrometheusRegister();
    const level = register.gauge({ name: "level", help: "L." });
    register.beforeRender(() => Promise.reject(new Error("no /proc")));
    register.beforeRender(() => level.set(7));
    expect(await linesOf(register)).toContain("level 7");
  });
});
