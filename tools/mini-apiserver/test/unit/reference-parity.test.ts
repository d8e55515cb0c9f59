import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { systemClock } from "@nk/stdx";
import type { Clock } from "@nk/stdx";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createApiServer } from "../../src/server/create-api-server.ts";
import { createInitialObjects } from "../../src/kinds/initial-objects.ts";
import { createLocalClient } from "../../src/rest/local-client.ts";
import { createMemoryStore } from "../../src/storage/memory-store.ts";

interface Case {
  readonly request: readonly [method: string, path: string, body?: unknown];
  readonly type?: string;
  readonly accept?: string;
  readonly code: number;
  readonly answer?: unknown;
  readonly warnings?: readonly string[];
}

const cases = readFileSync(join(import.meta.dirname, "../fixtures/reference-answers.jsonl"), "utf8")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line) as Case);

const REPLACED = new Set(["uid", "resourceVersion", "creationTimestamp", "deletionTimestamp", "lastTransitionTime", "lastUpdateTime"]);

/** As the recording was: what differs from run to run is replaced by its name. */
const normalize = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(normalize);
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value).filter(([name]) => name !== "managedFields" && name !== "description");
    return Object.fromEntries(
      entries.map(([name, item]) => [name, REPLACED.has(name) && typeof item === "string" ? `<${name}>` : normalize(item)]),
    );
  }
  if (typeof value !== "string") return value;
  return value
    .replaceAll(/kube-api-access-\w{5}/gu, "kube-api-access-XXXXX")
    .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gu, "<uuid>")
    .replace(/^\d+s$/u, "<age>")
    .replace(/^2026-11-\d\dT[\d:]+Z$/u, "<time>");
};

/** The day of the recording; what was asked names no time of that month. */
const clock: Clock = { ...systemClock, nowMs: () => Date.UTC(2026, 10, 21, 17) };
const store = createMemoryStore({ clock });
const api = createApiServer({
  store,
  clock,
  authenticator: {
    authenticate: () => Promise.resolve({ username: "kubernetes-admin", groups: ["system:masters", "system:authenticated"] }),
  },
  authorizer: { authorize: () => Promise.resolve({ allowed: true, reason: "" }) },
});
const server = createServer((request, response) => api.handler(request, response));
let origin = "";

beforeAll(async () => {
  createInitialObjects(store);
  const client = createLocalClient({ store, clock });
  client.create({ group: "", resource: "namespaces" }, { metadata: { name: "parity" } });
  client.create({ group: "", resource: "serviceaccounts" }, { metadata: { name: "default", namespace: "parity" } });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(() => {
  api.close();
  server.closeAllConnections();
  server.close();
});

const ask = async ({
  request,
  type,
  accept,
}: Case): Promise<{ readonly code: number; readonly body: string; readonly warnings: readonly string[] }> => {
  const [method, path, body] = request;
  const response = await fetch(origin + path, {
    method,
    headers: { accept: accept ?? "application/json", ...(body === undefined ? {} : { "content-type": type ?? "application/json" }) },
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  const warning = response.headers.get("warning");
  return { code: response.status, body: await response.text(), warnings: warning === null ? [] : warning.split(/, (?=299 - )/u) };
};

/** Each builds on those before it, so they stand in one test each but run in order. */
describe("the embedded API server answers as the reference did", () => {
  it.each(cases.map((one, index) => [index, one.request[0], one.request[1], one] as const))(
    "case %i: %s %s",
    async (_index, _method, _path, one) => {
      const { code, body, warnings } = await ask(one);
      expect(code, body).toBe(one.code);
      if (one.answer === undefined) return;
      expect(normalize(typeof one.answer === "string" ? body : JSON.parse(body))).toEqual(one.answer);
      expect(warnings.toSorted()).toEqual(one.warnings ?? []);
    },
  );
});
