import { noopMetrics } from "@nk/stdx";
import type { MetricRegister } from "@nk/stdx";
import { KubeletApiError } from "../errors.ts";
import type { HealthCheck } from "../ports.ts";
import { sendText } from "../route.ts";
import type { Route, RouteRequest } from "../route.ts";
import { createHealthMetrics } from "./health-metrics.ts";
import type { ObserveHealth } from "./health-metrics.ts";

interface Outcome {
  readonly name: string;
  readonly result: "ok" | "excluded" | "failed";
}

const failureOf = (check: HealthCheck): string | undefined => {
  try {
    check.check();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
};

const LINES: { readonly [result in Outcome["result"]]: (name: string) => string } = {
  ok: (name) => `[+]${name} ok\n`,
  excluded: (name) => `[+]${name} excluded: ok\n`,
  // Why is for callers who may ask for the one check.
  failed: (name) => `[-]${name} failed: reason withheld\n`,
};

/** The long form of the answer, one line a check. */
const describeOutcomes = (outcomes: readonly Outcome[], excluded: readonly string[]): string => {
  const unknown = excluded.filter((name) => !outcomes.some((outcome) => outcome.name === name)).toSorted();
  const warning =
    unknown.length === 0
      ? ""
      : `warn: some health checks cannot be excluded: no matches for ${unknown.map((name) => `"${name}"`).join(",")}\n`;
  return outcomes.map(({ name, result }) => LINES[result](name)).join("") + warning;
};

const serveOne = (check: HealthCheck): string => {
  const problem = failureOf(check);
  if (problem !== undefined) throw new KubeletApiError("internal", `internal server error: ${problem}\n`);
  return "ok";
};

const serveAll = (checks: readonly HealthCheck[], { query }: RouteRequest, observe: ObserveHealth): string => {
  const excluded = query.getAll("exclude");
  const outcomes = checks.map((check): Outcome => {
    if (excluded.includes(check.name)) return { name: check.name, result: "excluded" };
    const isHealthy = failureOf(check) === undefined;
    observe(check.name, isHealthy);
    return { name: check.name, result: isHealthy ? "ok" : "failed" };
  });
  const text = describeOutcomes(outcomes, excluded);
  if (outcomes.some(({ result }) => result === "failed")) throw new KubeletApiError("internal", `${text}healthz check failed\n`);
  return query.has("verbose") ? `${text}healthz check passed\n` : "ok";
};

/**
 * `/healthz[?verbose][&exclude=NAME]` and `/healthz/NAME`: "ok", or 500 with the failing checks. Cheap: the checks look at what is known and
 * ask nobody. The outcomes of the former are measured, as the reference's.
 */
export const healthzRoute = (checks: readonly HealthCheck[], metrics: MetricRegister = noopMetrics): Route => {
  const observe = createHealthMetrics(metrics);
  return {
    path: ["/healthz", ...checks.map(({ name }) => `/healthz/${name}`)],
    methods: "any",
    subresources: ["healthz", "proxy"],
    serve: (request, response) => {
      const check = checks.find(({ name }) => request.path === `/healthz/${name}`);
      sendText(response, check === undefined ? serveAll(checks, request, observe) : serveOne(check));
    },
  };
};
