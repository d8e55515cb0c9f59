import { join } from "node:path";
import { openRecordingProxy, readApiMatrix } from "@nk/tool-recordings";
import type { RecordingProxy } from "@nk/tool-recordings";
import { systemClock } from "@nk/stdx";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isReady } from "../cluster/pod-facts.ts";
import { closeClusterLeakFree, openClusterRig, untilApiPod } from "../cluster-rig.ts";
import type { ClusterRig } from "../cluster-rig.ts";
import { SLEEP, podOf, shell } from "../manifests.ts";
import { openClusterCa, openIdentities, requestToken } from "../matrix-identities.ts";
import { report, timed } from "../rig.ts";
import { createSecureCaller } from "../secure-api.ts";
import type { Credentials, SecureAnswer, SecureCaller, SecureRequest } from "../secure-api.ts";

const matrix = readApiMatrix();

/**
 * What the reference has and this kubelet does not have yet: such paths are unknown, which is 404 to everybody. A path that comes into being
 * fails here until it is taken out of the list; then the recording holds for it.
 */
const NOT_YET: readonly { readonly path: string; readonly waitsFor: string }[] = [
  { path: "/metrics/cadvisor", waitsFor: "statistics of containers" },
  { path: "/metrics/resource", waitsFor: "statistics of containers" },
  { path: "/stats/summary", waitsFor: "statistics of containers" },
  { path: "/stats/", waitsFor: "statistics of containers" },
  { path: "/checkpoint/default/api1/api1", waitsFor: "checkpoints" },
];
const isThere = ({ path }: { readonly path: string }): boolean => !NOT_YET.some((missing) => missing.path === path);
const UNKNOWN: SecureAnswer = { status: 404, contentType: "text/plain; charset=utf-8", body: "404 page not found\n" };

/** Identities by their place in the recording. */
const BOB = 4;
const ADMIN = 5;

const SPDY = { connection: "Upgrade", upgrade: "SPDY/3.1" };
const WEBSOCKET = {
  connection: "Upgrade",
  upgrade: "websocket",
  "sec-websocket-version": "13",
  "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==",
  "sec-websocket-protocol": "v4.channel.k8s.io",
};
/** Requests that the recording lacks: they open streams, each with what the kubelet then asks of its runtime. */
const STREAMS: readonly (SecureRequest & { readonly call: string })[] = [
  {
    method: "POST",
    path: "/exec/default/api1/api1?command=id&output=1",
    headers: { ...SPDY, "x-stream-protocol-version": "v4.channel.k8s.io" },
    call: "Exec",
  },
  { method: "GET", path: "/exec/default/api1/api1?command=id&output=1", headers: WEBSOCKET, call: "Exec" },
  {
    method: "POST",
    path: "/attach/default/api1/api1?output=1",
    headers: { ...SPDY, "x-stream-protocol-version": "v4.channel.k8s.io" },
    call: "Attach",
  },
  {
    method: "POST",
    path: "/portForward/default/api1",
    headers: { ...SPDY, "x-stream-protocol-version": "portforward.k8s.io" },
    call: "PortForward",
  },
];

/** A review may take ten seconds; the rest is for a busy machine. */
const REVIEW_DEADLINE_MS = 10_000;
const SLACK_MS = 3000;

let opened: ClusterRig | undefined;
let proxy: RecordingProxy | undefined;
let callers: readonly SecureCaller[] = [];
const others: SecureCaller[] = [];

const rig = (): ClusterRig => {
  if (opened === undefined) throw new Error("the rig is not open");
  return opened;
};
const caller = (index: number): SecureCaller => {
  const found = callers[index];
  if (found === undefined) throw new Error(`there is no caller ${index}`);
  return found;
};
/** Somebody whom the recording does not know. */
const newCaller = (credentials: Credentials): SecureCaller => {
  const { nodeAddress, ports } = rig().kubelet;
  const made = createSecureCaller({ host: nodeAddress, port: ports.port }, credentials);
  others.push(made);
  return made;
};
const newPerson = async (commonName: string): Promise<SecureCaller> =>
  newCaller({ certificate: (await openClusterCa(rig().controlPlane)).issue({ commonName, purpose: "client" }) });

const RUN: SecureRequest = { method: "POST", path: "/run/default/api1/api1?cmd=id" };

/** What the kubelet asks of its runtime by itself, time and again. */
const BACKGROUND: readonly string[] = ["Status", "Version", "ListImages"];

/** The calls to the runtime while `task` ran, without the background's. */
const callsDuring = async (task: () => Promise<unknown>): Promise<readonly string[]> => {
  const before = new Set(proxy?.allCalls);
  await task();
  return (proxy?.allCalls ?? []).filter((call) => !before.has(call) && !BACKGROUND.includes(call.method)).map(({ method }) => method);
};

/** Once a minute the kubelet lists by itself; so one of each list is nobody's. */
const withoutRelist = (calls: readonly string[]): readonly string[] => {
  const left = [...calls];
  for (const method of ["ListPodSandbox", "ListContainers"]) if (left.includes(method)) left.splice(left.indexOf(method), 1);
  return left;
};

beforeAll(async () => {
  opened = await openClusterRig({
    endpointFor: async (lab) => {
      proxy = await openRecordingProxy({ listen: join(lab.dir, "proxy.sock"), runtime: lab.endpoint.replace("unix://", "") });
      return proxy.endpoint;
    },
  });
  callers = (await openIdentities(opened.controlPlane)).map(newCaller);
  // The streams are two pipes: what is written to both at once may be logged in any order.
  await opened.create(podOf("api1", [shell("api1", `echo err >&2; sleep 0.5; echo one; echo two; ${SLEEP}`)]));
  await untilApiPod(opened, "api1", isReady);
});
afterAll(async () => {
  for (const one of others) one.close();
  await proxy?.close();
  await closeClusterLeakFree(opened);
});

describe("the recorded API of the reference, by a kubelet of a cluster", () => {
  it("has thirteen identities and 52 requests, of which all but six are played in full", () => {
    expect(callers).toHaveLength(matrix.identities.length);
    expect([matrix.identities.length, matrix.requests.length]).toEqual([13, 52]);
    expect(matrix.requests.filter((request) => !isThere(request))).toHaveLength(6);
  });

  it("gives every identity the recorded status for every request", async () => {
    for (const { method, path, statuses } of matrix.requests.filter(isThere)) {
      const answers = await Promise.all(callers.map((one) => one.ask({ method, path })));
      expect([method, path, answers.map(({ status }) => status)]).toEqual([method, path, statuses]);
    }
  });

  it("gives the administrator the recorded body and content type", async () => {
    const withoutTime = (answer: SecureAnswer): SecureAnswer => ({
      ...answer,
      body: answer.body.replace(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z /gmu, "TIME "),
    });
    for (const { method, path, asAdmin } of matrix.requests.filter(isThere)) {
      const answer = await caller(ADMIN).ask({ method, path });
      const expected = withoutTime({ body: answer.body, ...asAdmin });
      expect([method, path, withoutTime(answer)]).toEqual([method, path, expected]);
    }
  });

  it("tells a user without rights what is missing, in the recorded words", async () => {
    for (const { method, path, asUserWithoutRights } of matrix.requests.filter(isThere)) {
      const { body } = await caller(BOB).ask({ method, path });
      expect([method, path, body.trim()]).toEqual([method, path, asUserWithoutRights]);
    }
  });

  it.each(NOT_YET)("does not know $path, which waits for $waitsFor", async ({ path }) => {
    const methods = matrix.requests.filter((request) => request.path === path).map(({ method }) => method);
    expect(methods).not.toEqual([]);
    for (const method of methods) {
      const answers = await Promise.all(callers.map((one) => one.ask({ method, path })));
      expect([method, answers]).toEqual([method, callers.map(() => UNKNOWN)]);
    }
  });
});

describe("what is behind the HTTPS port", () => {
  it("shows the pod and the container to those who may see them", async () => {
    for (const path of ["/pods", "/runningpods/"]) {
      const { items } = JSON.parse((await caller(ADMIN).ask({ method: "GET", path })).body) as {
        readonly items: readonly { readonly metadata: { readonly name: string } }[];
      };
      expect([path, items.map(({ metadata }) => metadata.name)]).toEqual([path, ["api1"]]);
    }
  });

  it("opens streams for those who may use nodes/proxy, and for nobody else", async () => {
    const run = matrix.requests.find(({ method, path }) => method === RUN.method && path === RUN.path);
    // What suffices to run a command suffices for a stream.
    const expected = run?.statuses.map((status) => (status === 200 ? 101 : status));
    for (const stream of STREAMS) {
      const answers = await Promise.all(callers.map((one) => one.ask(stream)));
      expect([stream.path, answers.map(({ status }) => status)]).toEqual([stream.path, expected]);
    }
  });

  it("asks nothing of the runtime for a request that is refused", async () => {
    const expectedOf = (request: SecureRequest): readonly number[] =>
      matrix.requests.find(({ method, path }) => method === request.method && path === request.path)?.statuses ??
      // A stream: everybody who is asked here is refused.
      callers.map((_, index) => (index < BOB ? 401 : 403));
    let refused = 0;
    const calls = await callsDuring(async () => {
      for (const request of [...matrix.requests.filter(isThere).map(({ method, path }) => ({ method, path })), ...STREAMS]) {
        const isRefused = expectedOf(request).map((status, index) => index <= BOB && (status === 401 || status === 403));
        const answers = await Promise.all(callers.filter((_, index) => isRefused[index]).map((one) => one.ask(request)));
        expect(answers.filter(({ status }) => status !== 401 && status !== 403)).toEqual([]);
        refused += answers.length;
      }
    });
    expect(refused).toBeGreaterThan(200);
    expect(withoutRelist(calls)).toEqual([]);
    // The same requests by somebody who may do reach it, so that the list above could have had entries.
    for (const stream of STREAMS) expect(await callsDuring(() => caller(ADMIN).ask(stream))).toContain(stream.call);
    expect(await callsDuring(() => caller(ADMIN).ask(RUN))).toContain("ExecSync");
    expect(await callsDuring(() => caller(ADMIN).ask({ method: "GET", path: "/runningpods/" }))).toContain("ListPodSandbox");
  });

  it("takes a client certificate that has expired, or that is for servers, for no credentials, and still looks at a token", async () => {
    const ca = await openClusterCa(rig().controlPlane);
    const nowMs = systemClock.nowMs();
    const valid = ca.issue({ commonName: "frank" });
    const expired = ca.issue({ commonName: "frank", notBeforeMs: nowMs - 7_200_000, notAfterMs: nowMs - 60_000 });
    const server = ca.issue({ commonName: "frank", purpose: "server" });
    const answerTo = (credentials: Credentials): Promise<SecureAnswer> => newCaller(credentials).ask(RUN);
    expect((await answerTo({ certificate: valid })).status).toBe(200);
    for (const certificate of [expired, server]) {
      const calls = await callsDuring(async () => {
        expect(await answerTo({ certificate })).toEqual({ status: 401, contentType: "text/plain; charset=utf-8", body: "Unauthorized" });
      });
      expect(withoutRelist(calls)).toEqual([]);
    }
    const token = await requestToken(rig().api, "robot");
    expect((await answerTo({ certificate: expired, token })).status).toBe(200);
  });
});

/** Who is asked about while the API server is silent, and who was asked about shortly before. */
interface Asked {
  readonly name: string;
  readonly newToken: SecureCaller;
  readonly newPerson: SecureCaller;
  readonly allowed: SecureCaller;
  readonly denied: SecureCaller;
}

/** Nobody is asked about yet. */
const prepare = async (name: string): Promise<Asked> => ({
  name,
  newToken: newCaller({ token: await requestToken(rig().api, "robot") }),
  newPerson: await newPerson(name),
  allowed: newCaller({ token: await requestToken(rig().api, "robot") }),
  denied: await newPerson(`not-${name}`),
});

/** Has the kubelet ask about those who shall be known. */
const introduce = async ({ allowed, denied }: Asked): Promise<readonly number[]> =>
  (await Promise.all([allowed.ask(RUN), denied.ask(RUN)])).map(({ status }) => status);

/** Whoever is known already goes on as before: one command is run. */
const expectKnownToGoOn = async ({ allowed, denied }: Asked): Promise<void> => {
  const { tookMs, value } = await timed(() => Promise.all([allowed.ask(RUN), denied.ask(RUN), caller(0).ask(RUN)]));
  expect(value.map(({ status }) => status)).toEqual([200, 403, 401]);
  expect(tookMs).toBeLessThan(SLACK_MS);
};

/** Nobody can be asked: a token is nobody's then, and what somebody may do who is known by a certificate is not known. */
const expectNewcomersToFail = async ({ newToken, newPerson: person, name }: Asked, how: string): Promise<void> => {
  const [withToken, withCertificate] = await Promise.all([timed(() => newToken.ask(RUN)), timed(() => person.ask(RUN))]);
  expect(withToken.value).toEqual({ status: 401, contentType: "text/plain; charset=utf-8", body: "Unauthorized" });
  expect(withCertificate.value).toEqual({
    status: 500,
    contentType: "text/plain; charset=utf-8",
    body: `Authorization error (user=${name}, verb=create, resource=nodes, subresource=proxy)`,
  });
  report(`a reviewer that ${how}: 401 after ${withToken.tookMs} ms, 500 after ${withCertificate.tookMs} ms`);
  expect(Math.max(withToken.tookMs, withCertificate.tookMs)).toBeLessThan(REVIEW_DEADLINE_MS + SLACK_MS);
};

/** Both at once; nothing but the command of who is known reaches the runtime. */
const expectOnlyKnownToGoOn = async (asked: Asked, how: string): Promise<void> => {
  const calls = await callsDuring(() => Promise.all([expectNewcomersToFail(asked, how), expectKnownToGoOn(asked)]));
  expect(withoutRelist(calls)).toEqual(["ExecSync"]);
};

const expectNewcomersToCome = async ({ newToken, newPerson: person, name }: Asked, how: string): Promise<void> => {
  const { tookMs, value } = await timed(() => Promise.all([newToken.ask(RUN), person.ask(RUN)]));
  expect(value.map(({ status }) => status)).toEqual([200, 403]);
  expect(value[1]?.body).toBe(`Forbidden (user=${name}, verb=create, resource=nodes, subresource(s)=[proxy])\n`);
  report(`a reviewer that ${how}: both were answered after ${tookMs} ms`);
  expect(tookMs).toBeLessThan(REVIEW_DEADLINE_MS);
};

describe("the HTTPS port while the API server does not review", () => {
  let first: Asked;
  let second: Asked;
  let third: Asked;
  beforeAll(async () => {
    [first, second, third] = [await prepare("kim"), await prepare("judy"), await prepare("leo")];
  });

  it("waits for an answer that is slow", async () => {
    expect(await introduce(first)).toEqual([200, 403]);
    rig().controlPlane.freeze();
    try {
      const answers = expectNewcomersToCome(first, "was frozen for two seconds");
      await expectKnownToGoOn(first);
      await systemClock.sleep(2000);
      rig().controlPlane.thaw();
      await answers;
    } finally {
      rig().controlPlane.thaw();
    }
  });

  it("gives up in time when there is none, remembers what it knows, and asks again when the API server answers", async () => {
    expect(await introduce(second)).toEqual([200, 403]);
    rig().controlPlane.freeze();
    try {
      await expectOnlyKnownToGoOn(second, "is frozen");
    } finally {
      rig().controlPlane.thaw();
    }
    await expectNewcomersToCome(second, "was frozen");
  });

  it("does the same when the API server is gone", async () => {
    expect(await introduce(third)).toEqual([200, 403]);
    await rig().controlPlane.pause();
    try {
      await expectOnlyKnownToGoOn(third, "is gone");
    } finally {
      await rig().controlPlane.continue();
    }
    await expectNewcomersToCome(third, "was gone");
  });
});
