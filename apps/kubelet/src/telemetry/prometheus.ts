import type { Counter, Gauge, Histogram, MetricRegister } from "@nk/stdx";
import { createMetricFamily } from "./metric-family.ts";
import type { FamilyDeclaration, MetricFamily } from "./metric-family.ts";

/** A {@link MetricRegister} and its text in the Prometheus format, version 0.0.4. */
export interface PrometheusRegister extends MetricRegister {
  /** Every metric that was declared, by name. */
  declared(): ReadonlyMap<string, FamilyDeclaration>;
  /** Called before each rendering; for values that are looked up together. A rejection leaves the values as they were. */
  beforeRender(lookUp: () => void | Promise<void>): void;
  render(): Promise<string>;
}

/** Options of {@link createPrometheusRegister}. */
export interface PrometheusRegisterOptions {
  /** Of one metric; observations for further ones are dropped and counted. Default 50 000. */
  readonly maxSeriesPerMetric?: number;
}

/** Creates an empty register. */
export const createPrometheusRegister = (options: PrometheusRegisterOptions = {}): PrometheusRegister => {
  const { maxSeriesPerMetric = 50_000 } = options;
  const families = new Map<string, MetricFamily>();
  const lookUps: (() => void | Promise<void>)[] = [];
  let sorted: readonly MetricFamily[] | undefined;
  let dropped: Counter | undefined;

  const countDropped = (): void => {
    const name = "nk_metrics_dropped_total";
    dropped ??= register.counter({ name, help: "Observations that were dropped because their metric has too many series." });
    dropped.inc();
  };
  const declare = (declaration: FamilyDeclaration): MetricFamily => {
    const { name, kind } = declaration;
    const known = families.get(name);
    if (known !== undefined && known.declaration.kind !== kind)
      throw new Error(`metric ${name} is a ${known.declaration.kind}, not a ${kind}`);
    if (known !== undefined) return known;
    const family = createMetricFamily(declaration, { maxSeries: maxSeriesPerMetric, onDropped: countDropped });
    families.set(name, family);
    sorted = undefined;
    return family;
  };
  const register: PrometheusRegister = {
    declared: () => new Map([...families].map(([name, { declaration }]) => [name, declaration])),
    beforeRender: (lookUp) => {
      lookUps.push(lookUp);
    },
    async render() {
      // One look-up that fails must not take all other metrics with it.
      await Promise.allSettled(lookUps.map(async (lookUp) => lookUp()));
      sorted ??= [...families.values()].toSorted((a, b) => (a.declaration.name < b.declaration.name ? -1 : 1));
      const rendered = await Promise.all(sorted.map((family) => family.render()));
      return `${rendered.flat().join("\n")}\n`;
    },
    counter(declaration): Counter {
      const family = declare({ ...declaration, kind: "counter" });
      return { inc: (labels, value = 1) => family.add(labels, Math.max(0, value)), remove: (labels) => family.remove(labels) };
    },
    gauge(declaration): Gauge {
      const family = declare({ ...declaration, kind: "gauge" });
      return {
        set: (value, labels) => family.set(labels, value),
        add: (value, labels) => family.add(labels, value),
        remove: (labels) => family.remove(labels),
      };
    },
    histogram(declaration): Histogram {
      const family = declare({ ...declaration, kind: "histogram" });
      return { observe: (value, labels) => family.observe(labels, value), remove: (labels) => family.remove(labels) };
    },
  };
  return register;
};
