import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openRecordingProxy } from "@nk/tool-recordings";
import type { RecordingProxy } from "@nk/tool-recordings";
import { collectionPath } from "../api-objects.ts";
import { certificateOf, issueExpired, issueStranger, requestCertificate } from "../client-certificates.ts";
import { closeClusterLeakFree, openClusterRig } from "../cluster-rig.ts";
import type { ClusterRig } from "../cluster-rig.ts";
import { runReady } from "../cluster/pod-facts.ts";
import { askKubelet, createCaller } from "../kubelet-caller.ts";
import type { Caller, KubeletAnswer } from "../kubelet-caller.ts";
import { podOf, shell } from "../manifests.ts";
import { report, timed } from "../rig.ts";
import { until } from "../until.ts";

interface Recorded {
  readonly request: string;
  readonly status: { readonly [status: string]: readonly number[] };
  readonly as_admin: { readonly status: number; readonly contentType: string; readonly body?: string };
  readonly as_user_without_rights: string;
}

const FIXTURE = join(import.meta.dirname, "../../../../packages/kubelet-api/test/fixtures/api-matrix.json");
const matrix = JSON.parse(readFileSync(FIXTURE, "utf8")) as {
  readonly identities: readonly string[];
  readonly requests: readonly Recorded[];
};

/** Pages that this kubelet does not have yet: nobody finds them. When one comes, this list gets shorter. */
const NOT_YET = [
  "GET /metrics/cadvisor",
  "GET /metrics/resource",
  "GET /metrics/probes",
  "GET /metrics/slis",
  "GET /stats/summary",
  "GET /stats/",
  "POST /stats/summary",
  "POST /checkpoint/default/api1/api1",
];

/** One subresource of nodes each, as the recording's users had it. */
const RIGHTS: { readonly [user: string]: string } = {
  carol: "metrics",
  dave: "stats",
  erin: "log",
  frank: "proxy",
  grace: "pods",
  heidi: "healthz",
  ivan: "configz",
};
const NOBODY = 4;
const ADMIN = 5;
/** What a request can ask of the runtime for its caller. */
const ASKED_FOR_CALLERS = ["Exec", "ExecSync", "Attach", "PortForward", "CheckpointContainer"];

const RBAC = "rbac.authorization.k8s.io";

const bindRole = async (
  rig: ClusterRig,
  name: string,
  { role, subject }: { readonly role: string; readonly subject: object },
): Promise<void> => {
  const roleRef = { apiGroup: RBAC, kind: "ClusterRole", name: role };
  await rig.create({ apiVersion: `${RBAC}/v1`, kind: "ClusterRoleBinding", metadata: { name }, roleRef, subjects: [subject] } as object);
};

const grantAll = async (rig: ClusterRig): Promise<void> => {
  for (const [name, subresource] of Object.entries(RIGHTS)) {
    const rules = [{ apiGroups: [""], resources: [`nodes/${subresource}`], verbs: ["get", "create"] }];
    await rig.create({ apiVersion: `${RBAC}/v1`, kind: "ClusterRole", metadata: { name: `only-${subresource}` }, rules } as object);
    await bindRole(rig, name, { role: `only-${subresource}`, subject: { apiGroup: RBAC, kind: "User", name } });
  }
  await rig.create({ apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "robot" } });
  await bindRole(rig, "robot", {
    role: "system:kubelet-api-admin",
    subject: { kind: "ServiceAccount", name: "robot", namespace: "default" },
  });
};

const robotToken = async ({ api }: ClusterRig): Promise<string> => {
  const body = { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: {} };
  const { status } = await api.json(`${collectionPath("ServiceAccount")}/robot/token`, { method: "POST", body });
  return (status as { readonly token: string }).token;
};

/** The recording's thirteen, in its order. */
const openCallers = async (rig: ClusterRig): Promise<readonly Caller[]> => {
  const { controlPlane, lab } = rig;
  const user = async (name: string): Promise<Caller> =>
    createCaller({ certificate: await certificateOf(await controlPlane.addIdentity({ user: name, groups: [] })) });
  const [first = "", ...others] = Object.keys(RIGHTS);
  return [
    createCaller(),
    createCaller({ certificate: await issueStranger(lab) }),
    createCaller({ token: "not-a-token" }),
    createCaller({ authorization: "Basic not even base64" }),
    await user("bob"),
    createCaller({ token: await robotToken(rig) }),
    // One of them got its certificate in the way that users do.
    createCaller({ certificate: await requestCertificate(controlPlane, lab, first) }),
    ...(await Promise.all(others.map(user))),
  ];
};

const parse = (request: string): { readonly method: string; readonly path: string } => {
  const [method = "", path = ""] = request.split(" ");
  return { method, path };
};

const TIMESTAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d) /;

/** Without what differs from run to run. */
const comparable = (body: string): string => body.replace(TIMESTAMP, "<time> ");

let opened: ClusterRig | undefined;
let proxy: RecordingProxy | undefined;
let callers: readonly Caller[] = [];

const use = (): { readonly rig: ClusterRig; readonly proxy: RecordingProxy } => {
  if (opened === undefined || proxy === undefined) throw new Error("the rig is not open");
  return { rig: opened, proxy };
};
const ask = (caller: Caller | undefined, request: string): Promise<KubeletAnswer> =>
  askKubelet(use().rig.kubelet, caller ?? createCaller(), parse(request));
const callsForCallers = (): number => use().proxy.allCalls.filter(({ method }) => ASKED_FOR_CALLERS.includes(method)).length;
const expectedOf = ({ request, status }: Recorded, index: number): number =>
  NOT_YET.includes(request) ? 404 : Number(Object.entries(status).find(([, list]) => list.includes(index))?.[0]);
const isRefusal = (status: number): boolean => status === 401 || status === 403;

beforeAll(async () => {
  opened = await openClusterRig({
    withControllers: true,
    endpointFor: async (lab) => {
      proxy ??= await openRecordingProxy({ listen: join(lab.dir, "proxy.sock"), runtime: lab.endpoint.replace("unix://", "") });
      return proxy.endpoint;
    },
  });
  await grantAll(opened);
  const script = "echo err >&2; sleep 0.3; echo one; sleep 0.1; echo two; trap 'exit 0' TERM; sleep 100000 & wait";
  await runReady(opened, podOf("api1", [shell("api1", script)]));
  callers = await openCallers(opened);
  const { kubelet } = opened;
  await until("the container's lines", async () =>
    (await askKubelet(kubelet, callers[ADMIN] ?? createCaller(), parse("GET /containerLogs/default/api1/api1"))).body.includes("two"),
  );
});
afterAll(async () => {
  for (const { agent } of callers) agent.destroy();
  try {
    await closeClusterLeakFree(opened);
  } finally {
    await proxy?.close();
  }
});

describe("the kubelet's own API behind a control plane", () => {
  it("refuses each identity what the reference refuses it, and asks the runtime nothing on its behalf", async () => {
    expect([callers.length, matrix.requests.length]).toEqual([matrix.identities.length, 52]);
    const before = callsForCallers();
    let refused = 0;
    for (const recorded of matrix.requests) {
      const expected = callers.map((_, index) => expectedOf(recorded, index));
      const answers = await Promise.all(
        callers.map(async (caller, index) =>
          isRefusal(expected[index] ?? 0) ? (await ask(caller, recorded.request)).status : expected[index],
        ),
      );
      expect([recorded.request, answers]).toEqual([recorded.request, expected]);
      refused += expected.filter(isRefusal).length;
    }
    expect(callsForCallers()).toBe(before);
    report(
      `matrix: ${matrix.identities.length} identities x ${matrix.requests.length} requests; ${refused} refused as recorded, none of them reached the runtime`,
    );
  });

  it("answers each identity as the reference does", async () => {
    for (const recorded of matrix.requests) {
      const expected = callers.map((_, index) => expectedOf(recorded, index));
      const answers = await Promise.all(callers.map(async (caller) => (await ask(caller, recorded.request)).status));
      expect([recorded.request, answers]).toEqual([recorded.request, expected]);
    }
    expect(callsForCallers()).toBeGreaterThan(0);
  });

  it("gives the administrator the recorded body and content type, and a user without rights the recorded words", async () => {
    for (const recorded of matrix.requests.filter(({ request }) => !NOT_YET.includes(request))) {
      const { status, contentType, body } = await ask(callers[ADMIN], recorded.request);
      const { body: recordedBody = body, ...rest } = recorded.as_admin;
      expect([recorded.request, { status, contentType, body: comparable(body) }]).toEqual([
        recorded.request,
        { ...rest, body: comparable(recordedBody) },
      ]);
      const refused = await ask(callers[NOBODY], recorded.request);
      expect([recorded.request, refused.body.trim()]).toEqual([recorded.request, recorded.as_user_without_rights]);
    }
  });

  it("does not know a certificate whose time is over", async () => {
    const { rig } = use();
    const expired = createCaller({ certificate: await issueExpired(rig.controlPlane, rig.lab, "grace") });
    const before = callsForCallers();
    const answers = await Promise.all(["GET /pods", "POST /run/default/api1/api1?cmd=id"].map((request) => ask(expired, request)));
    expect(answers.map(({ status }) => status)).toEqual([401, 401]);
    expect(callsForCallers()).toBe(before);
    expired.agent.destroy();
  });

  it.each([
    { how: "is down", begin: () => use().rig.controlPlane.pause("SIGKILL"), end: () => use().rig.controlPlane.continue(), maxMs: 5000 },
    {
      how: "does not answer",
      begin: () => Promise.resolve(use().rig.controlPlane.freeze()),
      end: () => Promise.resolve(use().rig.controlPlane.thaw()),
      maxMs: 15_000,
    },
  ])("lets in nobody new while the API server $how, and says which of the two it could not find out", async ({ begin, end, maxMs }) => {
    const { rig } = use();
    const token = await robotToken(rig);
    const { controlPlane } = rig;
    const newcomer = createCaller({
      certificate: await certificateOf(await controlPlane.addIdentity({ user: `new-${maxMs}`, groups: [] })),
    });
    const before = callsForCallers();
    await begin();
    try {
      const { tookMs, value: answers } = await timed(() =>
        Promise.all([
          ask(createCaller({ token: `${token}x` }), "POST /run/default/api1/api1?cmd=id"),
          ask(newcomer, "POST /run/default/api1/api1?cmd=id"),
        ]),
      );
      expect(answers.map(({ status }) => status)).toEqual([401, 500]);
      expect(tookMs).toBeLessThan(maxMs);
    } finally {
      await end();
    }
    expect(callsForCallers()).toBe(before);
    await until("the reviews to work again", async () => (await ask(newcomer, "GET /pods")).status === 403);
    newcomer.agent.destroy();
  });
});
