import { performance } from "node:perf_hooks";
import { version, versions } from "node:process";
import { getHeapSpaceStatistics, getHeapStatistics } from "node:v8";
import type { PrometheusRegister } from "./prometheus.ts";

/**
 * What Node says of itself, in place of the reference's go_*. Everything is looked up when the metrics are read: a monitor of the event
 * loop's delay, which metrics libraries for Node bring along, wakes the process a hundred times a second.
 */
export const registerNodeMetrics = (register: PrometheusRegister): void => {
  const gauge = (name: string, help: string, labelNames: readonly string[] = []) => register.gauge({ name, help, labelNames });
  const [major = "", minor = "", patch = ""] = versions.node.split(".");
  gauge("nodejs_version_info", "Node.js version info.", ["version", "major", "minor", "patch"]).set(1, { version, major, minor, patch });
  const heapTotal = gauge("nodejs_heap_size_total_bytes", "Process heap size from Node.js in bytes.");
  const heapUsed = gauge("nodejs_heap_size_used_bytes", "Process heap size used from Node.js in bytes.");
  const external = gauge("nodejs_external_memory_bytes", "Node.js external memory size in bytes.");
  const spaceTotal = gauge("nodejs_heap_space_size_total_bytes", "Process heap space size total from Node.js in bytes.", ["space"]);
  const spaceUsed = gauge("nodejs_heap_space_size_used_bytes", "Process heap space size used from Node.js in bytes.", ["space"]);
  const active = register.counter({
    name: "nodejs_eventloop_active_seconds_total",
    help: "Time that the event loop spent working; the share of a second is its utilization.",
  });
  const resources = gauge("nodejs_active_resources", "Number of active resources that are currently keeping the event loop alive.", [
    "type",
  ]);
  let lastActiveMs = 0;
  let lastTypes: ReadonlySet<string> = new Set();
  register.beforeRender(() => {
    const heap = getHeapStatistics();
    heapTotal.set(heap.total_heap_size);
    heapUsed.set(heap.used_heap_size);
    external.set(heap.external_memory);
    for (const { space_name: name, space_size: size, space_used_size: used } of getHeapSpaceStatistics()) {
      const space = name.replace(/_space$/, "");
      spaceTotal.set(size, { space });
      spaceUsed.set(used, { space });
    }
    const activeMs = performance.eventLoopUtilization().active;
    active.inc({}, (activeMs - lastActiveMs) / 1000);
    lastActiveMs = activeMs;
    const byType = Map.groupBy(process.getActiveResourcesInfo(), (type) => type);
    for (const type of lastTypes) if (!byType.has(type)) resources.remove({ type });
    for (const [type, found] of byType) resources.set(found.length, { type });
    lastTypes = new Set(byType.keys());
  });
};
