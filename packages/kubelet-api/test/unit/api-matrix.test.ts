import { readFileSync } from "node:fs";
import { Agent } from "node:https";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { NodeAccess, UserInfo } from "../../src/index.ts";
import { createTestCa } from "../../src/testing/index.ts";
import { ask } from "./client.ts";
import type { Identity } from "./client.ts";
import { openNode } from "./node.ts";

interface Recorded {
  readonly request: string;
  readonly status: { readonly [status: string]: readonly number[] };
  readonly as_admin: { readonly status: number; readonly contentType: string; readonly body?: string };
  readonly as_user_without_rights: string;
}

const matrix = JSON.parse(readFileSync(join(import.meta.dirname, "../fixtures/api-matrix.json"), "utf8")) as {
  readonly identities: readonly string[];
  readonly requests: readonly Recorded[];
};

/** The pages whose text other parts of a kubelet make: here only their way in is compared, with a fixed text behind it. */
const TEXT_OF_OTHERS = ["/metrics", "/metrics/cadvisor", "/metrics/resource", "/metrics/probes", "/metrics/slis", "/stats/summary"];

const ROBOT = "system:serviceaccount:default:robot";
/** system:kubelet-api-admin, as the bootstrap policy has it: statusz and checkpoint are not in it. */
const ADMIN_RIGHTS = ["proxy", "log", "metrics", "stats", "configz", "healthz", "pods"];
const RIGHTS: { readonly [username: string]: string } = {
  carol: "metrics",
  dave: "stats",
  erin: "log",
  frank: "proxy",
  grace: "pods",
  heidi: "healthz",
  ivan: "configz",
};

const mayAccess = ({ user, verb, subresource }: NodeAccess): boolean => {
  // The role has every verb; the recording shows it for HEAD and OPTIONS, which have none.
  if (user.username === ROBOT) return ADMIN_RIGHTS.includes(subresource);
  return RIGHTS[user.username] === subresource && (verb === "get" || verb === "create");
};

const named = (username: string): UserInfo => ({ username, groups: ["system:authenticated"] });
const users = Object.fromEntries(["bob", ROBOT, ...Object.keys(RIGHTS)].map((username) => [username, named(username)]));

const stranger = createTestCa("somebody else").issue({ commonName: "admin", organizations: ["system:masters"] });
const identities: readonly Identity[] = [
  {},
  { certificate: stranger },
  { token: "not-a-token" },
  { authorization: "Basic not even base64" },
  { token: "bob" },
  { token: ROBOT },
  ...Object.keys(RIGHTS).map((token) => ({ token })),
];

const parse = ({ request }: Recorded): { readonly method: string; readonly path: string } => {
  const [method = "", path = ""] = request.split(" ");
  return { method, path };
};

describe("the recorded API of the reference", () => {
  it("has the identities that this test plays", () => {
    expect(identities).toHaveLength(matrix.identities.length);
    expect(matrix.requests).toHaveLength(52);
    const paths = new Set(matrix.requests.map((recorded) => parse(recorded).path));
    expect(TEXT_OF_OTHERS.filter((path) => !paths.has(path))).toEqual([]);
  });

  it("gives every identity the recorded status for every request", async () => {
    await using node = await openNode({ reviews: { users, mayAccess } });
    // One kept connection for each, because 676 handshakes take their time.
    const callers = identities.map((identity) => ({ ...identity, agent: new Agent({ keepAlive: true, ...identity.certificate }) }));
    for (const recorded of matrix.requests) {
      const answers = await Promise.all(callers.map((caller) => ask(node.server, { ...caller, ...parse(recorded) })));
      const expected = identities.map((_, index) => Object.entries(recorded.status).find(([, list]) => list.includes(index))?.[0]);
      expect([recorded.request, answers.map(({ status }) => String(status))]).toEqual([recorded.request, expected]);
    }
    for (const { agent } of callers) agent.destroy();
  });

  it("gives the administrator the recorded body and content type", async () => {
    await using node = await openNode({ reviews: { users, mayAccess } });
    for (const recorded of matrix.requests) {
      const { status, contentType, body } = await ask(node.server, { token: ROBOT, ...parse(recorded) });
      const { body: recordedBody = body, ...rest } = recorded.as_admin;
      expect([recorded.request, { status, contentType, body }]).toEqual([recorded.request, { ...rest, body: recordedBody }]);
    }
  });

  it("tells a user without rights what is missing, in the recorded words", async () => {
    await using node = await openNode({ reviews: { users, mayAccess } });
    for (const recorded of matrix.requests) {
      const { body } = await ask(node.server, { token: "bob", ...parse(recorded) });
      expect([recorded.request, body.trim()]).toEqual([recorded.request, recorded.as_user_without_rights]);
    }
  });
});
