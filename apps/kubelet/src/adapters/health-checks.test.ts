import { describe, expect, it } from "vitest";
import { healthzRoute, openHttpServer } from "@nk/kubelet-api";
import type { HealthCheck } from "@nk/kubelet-api";
import { createHealthChecks } from "./health-checks.ts";

/** Status and body of a path below /healthz on a server with these checks. */
const ask = async (checks: readonly HealthCheck[], path: string): Promise<readonly [number, string]> => {
  await using server = await openHttpServer({ address: "127.0.0.1", port: 0, routes: [healthzRoute(checks)] });
  const answer = await fetch(`http://127.0.0.1:${server.port}/healthz${path}`);
  return [answer.status, (await answer.text()).trim()];
};

describe("the health of a kubelet whose runtime is down", () => {
  const checks = createHealthChecks(() => "pleg was last seen active 4m0s ago");

  it.each([
    ["", 500, "[+]ping ok\n[+]log ok\n[-]syncloop failed: reason withheld\nhealthz check failed"],
    ["/syncloop", 500, "internal server error: pleg was last seen active 4m0s ago"],
    ["/ping", 200, "ok"],
  ])("is told by the API's /healthz%s", async (path, status, body) => {
    expect(await ask(checks.api, path)).toEqual([status, body]);
  });

  it.each([
    ["", 200, "ok"],
    ["?verbose", 200, "[+]ping ok\nhealthz check passed"],
    ["/ping", 200, "ok"],
    ["/syncloop", 404, "404 page not found"],
    ["/log", 404, "404 page not found"],
  ])("does not get the process restarted by who watches the health server's /healthz%s", async (path, status, body) => {
    expect(await ask(checks.process, path)).toEqual([status, body]);
  });
});
