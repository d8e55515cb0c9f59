import { KubeletApiError } from "../errors.ts";
import type { HealthCheck } from "../ports.ts";
import { sendText } from "../route.ts";
import type { Route, RouteRequest } from "../route.ts";

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

const serveAll = (checks: readonly HealthCheck[], { query }: RouteRequest): string => {
  const excluded = query.getAll("exclude");
  const outcomes = checks.map((check): Outcome => {
    if (excluded.includes(check.name)) return { name: check.name, result: "excluded" };
    return { name: check.name, result: failureOf(check) === undefined ? "ok" : "failed" };
  });
  const text = describeOutcomes(outcomes, excluded);
  if (outcomes.some(({ result }) => result === "failed")) throw new KubeletApiError("internal", `${text}healthz check failed\n`);
  return query.has("verbose") ? `${text}healthz check passed\n` : "ok";
};

/**
 * `/healthz[?verbose][&exclude=NAME]` and `/healthz/NAME`: "ok", or 500 with the failing checks. Cheap: the checks look at what is known and
 * ask nobody.
 */
export const healthzRoute = (checks: readonly HealthCheck[]): Route => ({
  path: ["/healthz", ...checks.map(({ name }) => `/healthz/${name}`)],
  methods: "any",
  subresources: ["healthz", "proxy"],
  serve: (request, response) => {
    const check = checks.find(({ name }) => request.path === `/healthz/${name}`);
    sendText(response, check === undefined ? serveAll(checks, request) : serveOne(check));
  },
});
