import { KubeletApiError } from "../errors.ts";
import type { HealthCheck } from "../ports.ts";
import { sendText } from "../route.ts";
import type { Route } from "../route.ts";

interface Failure {
  readonly name: string;
  readonly message: string;
}

const failureOf = (check: HealthCheck): Failure | undefined => {
  try {
    check.check();
    return undefined;
  } catch (error) {
    return { name: check.name, message: error instanceof Error ? error.message : String(error) };
  }
};

/** The long form of the answer, one line a check; the cause of a failure is withheld from callers that were not authorised for it. */
const describe = (checks: readonly HealthCheck[], failures: readonly Failure[]): string => {
  const lines = checks.map(({ name }) =>
    failures.some((failure) => failure.name === name) ? `[-]${name} failed: reason withheld` : `[+]${name} ok`,
  );
  return `${lines.join("\n")}\nhealthz check ${failures.length > 0 ? "failed" : "passed"}\n`;
};

/**
 * `/healthz`, `/healthz/NAME` and `/healthz?verbose`: "ok", or 500 with the failing checks. Cheap: the checks look at what is known and ask nobody.
 */
export const healthzRoute = (checks: readonly HealthCheck[]): Route => ({
  name: "healthz",
  methods: ["GET", "POST", "HEAD"],
  serve: (request, response) => {
    const [name, ...more] = request.rest;
    const chosen = name === undefined ? checks : checks.filter((check) => check.name === name);
    if ((name !== undefined && chosen.length === 0) || more.length > 0) throw new KubeletApiError("not-found", "404 page not found\n");
    const failures = chosen.flatMap((check) => failureOf(check) ?? []);
    if (failures.length > 0) throw new KubeletApiError("internal", describe(chosen, failures));
    sendText(response, request.query.has("verbose") ? describe(chosen, failures) : "ok");
  },
});
