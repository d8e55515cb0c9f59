import { Agent } from "node:https";
import { readApiMatrix } from "@nk/tool-recordings";
import { describe, expect, it } from "vitest";
import type { NodeAccess, UserInfo } from "../../src/index.ts";
import { createTestCa } from "../../src/testing/index.ts";
import { ask } from "./client.ts";
import type { Identity } from "./client.ts";
import { openNode } from "./node.ts";

const matrix = readApiMatrix();

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

describe("the recorded API of the reference", () => {
  it("has the identities that this test plays", () => {
    expect(identities).toHaveLength(matrix.identities.length);
    expect(matrix.requests).toHaveLength(52);
    const paths = new Set(matrix.requests.map(({ path }) => path));
    expect(TEXT_OF_OTHERS.filter((path) => !paths.has(path))).toEqual([]);
  });

  it("gives every identity the recorded status for every request", async () => {
    await using node = await openNode({ reviews: { users, mayAccess } });
    // One kept connection for each, because 676 handshakes take their time.
    const callers = identities.map((identity) => ({ ...identity, agent: new Agent({ keepAlive: true, ...identity.certificate }) }));
    for (const { method, path, statuses } of matrix.requests) {
      const answers = await Promise.all(callers.map((caller) => ask(node.server, { ...caller, method, path })));
      expect([method, path, answers.map(({ status }) => status)]).toEqual([method, path, statuses]);
    }
    for (const { agent } of callers) agent.destroy();
  });

  it("gives the administrator the recorded body and content type", async () => {
    await using node = await openNode({ reviews: { users, mayAccess } });
    for (const { method, path, asAdmin } of matrix.requests) {
      const { status, contentType, body } = await ask(node.server, { token: ROBOT, method, path });
      expect([method, path, { status, contentType, body }]).toEqual([method, path, { body, ...asAdmin }]);
    }
  });

  it("tells a user without rights what is missing, in the recorded words", async () => {
    await using node = await openNode({ reviews: { users, mayAccess } });
    for (const { method, path, asUserWithoutRights } of matrix.requests) {
      const { body } = await ask(node.server, { token: "bob", method, path });
      expect([method, path, body.trim()]).toEqual([method, path, asUserWithoutRights]);
    }
  });
});
