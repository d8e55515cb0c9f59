import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { detectEndpoint, parseEndpoint } from "./endpoint.ts";
import { startFakeRuntime } from "./testing/index.ts";

test.each(["unix:///run/containerd/containerd.sock", "/run/containerd/containerd.sock"])("takes %s", (endpoint) => {
  expect(parseEndpoint(endpoint)).toBe("/run/containerd/containerd.sock");
});

test.each(["", "run/x.sock", "unix://run/x.sock", "tcp://127.0.0.1:1", "npipe:////./pipe/x", "/run/", "unix:/run/x.sock"])(
  "refuses %j and says what it wants",
  (endpoint) => {
    expect(() => parseEndpoint(endpoint)).toThrow(/is not of the form unix:\/\/\/path or \/path/);
  },
);

test("finds the one candidate that listens without waiting for the others", async () => {
  await using runtime = await startFakeRuntime();
  const found = await detectEndpoint({ candidates: ["unix:///run/no/such.sock", runtime.endpoint] });
  expect(found).toBe(runtime.endpoint);
});

test("says which candidates it has tried when none listens", async () => {
  const dir = mkdtempSync(join(tmpdir(), "nk-detect-"));
  await expect(detectEndpoint({ candidates: [`unix://${dir}/a.sock`, `${dir}/b.sock`] })).rejects.toMatchObject({
    code: "no-endpoint",
    message: `no runtime listens on unix://${dir}/a.sock or ${dir}/b.sock`,
  });
  rmSync(dir, { recursive: true });
});

test("rethrows the signal's reason", async () => {
  const reason = new Error("stop");
  await expect(detectEndpoint({ candidates: ["/run/no/such.sock"], signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
});
