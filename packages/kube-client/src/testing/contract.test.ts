import { afterAll, describe, expect, test } from "vitest";
import { kinds } from "../kinds.ts";
import { createTestAuthority } from "./certificates.ts";
import { describeApiServerContract } from "./contract.ts";
import { startFakeApiServer } from "./fake-api-server.ts";

describe.each(["plain", "tls"] as const)("the fake API server (%s)", async (flavour) => {
  await using authority = await createTestAuthority();
  const tls = flavour === "plain" ? undefined : { serving: await authority.issueServer(), caPem: authority.caPem };
  const server = await startFakeApiServer({ tls });
  server.put(kinds.serviceAccounts, { metadata: { name: "default", namespace: "default" } });
  afterAll(() => server[Symbol.asyncDispose]());
  describeApiServerContract({ test, expect, open: () => Promise.resolve({ access: server.access(), namespace: "default" }) });
});
