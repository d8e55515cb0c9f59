import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createCsr, createKeyPair, describeCertificate } from "@nk/certificates";
import { runSubprocess } from "@nk/stdx";
import { fetchKubectl } from "@nk/tool-lab";
import type { KubectlVersion } from "@nk/tool-lab";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startMiniApiserver } from "../../src/start.ts";
import type { MiniApiserver } from "../../src/start.ts";
import { KIND } from "../../src/stored-kinds.ts";
import { startFakeNode } from "../fake-node.ts";
import type { FakeNode } from "../fake-node.ts";

/*
 * kubectl as people have it: 1.32 asks for JSON and merges patches on its own, 1.36 sends protobuf from its typed clients. Both believe
 * discovery, Tables, watches and upgrades to be exactly as the reference's.
 */
const podYaml = (name: string, image = "busybox:1"): string => `apiVersion: v1
kind: Pod
metadata: {name: ${name}, labels: {app: ${name}}}
spec:
  terminationGracePeriodSeconds: 1
  containers: [{name: c, image: "${image}", resources: {requests: {cpu: 100m}}}]
`;

interface Outcome {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

describe.each<KubectlVersion>(["1.32", "1.36"])("kubectl %s", (version) => {
  let server: MiniApiserver;
  let node: FakeNode;
  let dir: string;
  let binary: string;

  const run = async (args: string, options: { readonly stdin?: string; readonly config?: string } = {}): Promise<Outcome> => {
    const { stdin, config = "admin" } = options;
    const result = await runSubprocess([binary, "--kubeconfig", join(dir, `${config}.kubeconfig`), ...args.split(" ")], {
      timeoutMs: 30_000,
      env: { HOME: dir, PATH: "/usr/bin:/bin", KUBECTL_REMOTE_COMMAND_WEBSOCKETS: "true" },
      ...(stdin === undefined ? {} : { stdin }),
    });
    return { code: result.exitCode, out: String(result.stdout), err: String(result.stderr) };
  };

  /** Its output; anything but success is the test's failure. */
  const kubectl = async (args: string, options?: { readonly stdin?: string; readonly config?: string }): Promise<string> => {
    const { code, out, err } = await run(args, options);
    if (code !== 0) throw new Error(`kubectl ${args} ended with ${code}: ${err}${out}`);
    return out;
  };

  beforeAll(async () => {
    binary = await fetchKubectl(version);
    dir = await mkdtemp(join(tmpdir(), "kubectl-"));
    server = await startMiniApiserver({ dataDir: dir });
    await server.writeKubeconfig(join(dir, "admin.kubeconfig"), { user: "admin" });
    await server.writeKubeconfig(join(dir, "node.kubeconfig"), { user: "node", nodeName: "n1" });
    node = await startFakeNode(server.store, "n1", ["ExtendWebSocketsToKubelet"]);
  });

  afterAll(async () => {
    await node.close();
    await server.close();
    await rm(dir, { recursive: true, force: true });
  });

  it("lists every kind that discovery has", async () => {
    const names = (await kubectl("api-resources --verbs=list -o name")).trim().split("\n");
    expect(names).toEqual(
      expect.arrayContaining(["pods", "nodes", "leases.coordination.k8s.io", "clusterroles.rbac.authorization.k8s.io"]),
    );
    for (const name of names) {
      // oxlint-disable-next-line no-await-in-loop -- one kind after another says which one fails
      await kubectl(`get ${name} --all-namespaces -o wide`);
    }
  });

  it("runs a pod: apply, wait, get, describe, logs, label, annotate, patch, delete", async () => {
    expect(await kubectl("apply -f -", { stdin: podYaml("web") })).toBe("pod/web created\n");
    await kubectl("wait --for=condition=Ready pod/web --timeout=10s");
    expect(await kubectl("get pods")).toMatch(/^NAME +READY +STATUS +RESTARTS +AGE\nweb +1\/1 +Running +0 +\d+s\n$/u);
    expect(await kubectl("get pod web -o jsonpath={.spec.nodeName}/{.spec.serviceAccountName}")).toBe("n1/default");
    const text = await kubectl("describe pod web");
    expect(text).toMatch(/Node: +n1\/127\.0\.0\.1/u);
    expect(text).toMatch(/Normal +Scheduled +\S+ +default-scheduler +Successfully assigned default\/web to n1/u);
    expect(await kubectl("logs web")).toBe("one\ntwo\nthree\n");
    expect(await kubectl("logs web --tail=1 -f")).toBe("three\nfollowed\n");
    await kubectl("label pod web tier=front");
    await kubectl("annotate pod web note=hi");
    expect(await kubectl("get pods -l tier=front,app=web -o name")).toBe("pod/web\n");
    await kubectl(`patch pod web --type=merge -p {"metadata":{"labels":{"tier":null}}}`);
    await kubectl(`patch pod web -p {"spec":{"containers":[{"name":"c","image":"busybox:2"}]}}`);
    expect(await kubectl("get pod web -o jsonpath={.spec.containers[*].image}{.metadata.labels}")).toBe('busybox:2{"app":"web"}');
    expect(await kubectl("apply -f -", { stdin: podYaml("web", "busybox:3") })).toMatch(/pod\/web configured/u);
    expect(await kubectl("apply -f -", { stdin: podYaml("web", "busybox:3") })).toBe("pod/web unchanged\n");
    expect(await kubectl("delete pod web")).toMatch(/pod "web" deleted/u);
    expect((await run("get pod web")).err).toBe('Error from server (NotFound): pods "web" not found\n');
  });

  it("applies on the server, and forces a deletion", async () => {
    expect(await kubectl("apply --server-side -f -", { stdin: podYaml("ssa") })).toBe("pod/ssa serverside-applied\n");
    await kubectl("wait --for=condition=Ready pod/ssa --timeout=10s");
    expect(await kubectl("apply --server-side -f -", { stdin: podYaml("ssa", "busybox:2") })).toBe("pod/ssa serverside-applied\n");
    await kubectl("delete pod ssa --force --grace-period=0");
    expect(await kubectl("get pods -o name")).toBe("");
  });

  it("watches", async () => {
    const watching = run("get pods --watch -o name --request-timeout=3s");
    await kubectl("create -f -", { stdin: podYaml("seen") });
    await kubectl("delete pod seen");
    expect((await watching).out).toMatch(/^(pod\/seen\n){3,}$/u);
  });

  it("executes a command through the kubelet, with input and exit code", async () => {
    await kubectl("apply -f -", { stdin: podYaml("shell") });
    await kubectl("wait --for=condition=Ready pod/shell --timeout=10s");
    expect(await kubectl("exec shell -- echo a b")).toBe("echo a b\n");
    expect(await kubectl("exec -i shell -- cat", { stdin: "x".repeat(50_000) })).toBe(`cat\n${"x".repeat(50_000)}`);
    expect(await run("exec shell -- fail 7")).toMatchObject({ code: 7 });
    expect(node.upgrades).toContain("exec websocket v5.channel.k8s.io");
    expect(await kubectl("get --raw /api/v1/nodes/n1/proxy/configz")).toBe("kubelet says /configz");
    await kubectl("delete pod shell");
  });

  it("falls back to SPDY with a kubelet that does not know the newest WebSocket protocols", async () => {
    server.store.update(KIND.nodes, { name: "n1" }, (object) => ({
      ...object,
      status: { ...(object["status"] as object), declaredFeatures: [] },
    }));
    await kubectl("apply -f -", { stdin: podYaml("old") });
    await kubectl("wait --for=condition=Ready pod/old --timeout=10s");
    const before = node.upgrades.length;
    await run("exec old -- true");
    await run("attach old");
    await run("port-forward pod/old 0:80 --request-timeout=2s").catch(() => undefined);
    expect(node.upgrades.slice(before, before + 2)).toEqual(["exec SPDY/3.1", "attach SPDY/3.1"]);
    await kubectl("delete pod old");
  });

  it("cordons and drains a node", async () => {
    await kubectl("apply -f -", { stdin: podYaml("guest") });
    await kubectl("wait --for=condition=Ready pod/guest --timeout=10s");
    expect(await kubectl("get nodes")).toMatch(/^NAME +STATUS +ROLES +AGE +VERSION\nn1 +Ready +<none> +\d+s +v1\.36\.2\n$/u);
    expect(await kubectl("describe node n1")).toMatch(/guest +100m \(2%\)/u);
    await kubectl("cordon n1");
    expect(await kubectl("get nodes")).toMatch(/Ready,SchedulingDisabled/u);
    await kubectl("apply -f -", { stdin: podYaml("late") });
    await expect
      .poll(() => kubectl("get events --field-selector reason=FailedScheduling -o jsonpath={.items[*].message}"))
      .toBe("0/1 nodes are available: 1 node(s) were unschedulable.");
    expect(await kubectl("drain n1 --force")).toMatch(/pod\/guest evicted|node\/n1 drained/u);
    expect(await kubectl("get pods -o name")).toBe("pod/late\n");
    await kubectl("uncordon n1");
    await kubectl("wait --for=condition=Ready pod/late --timeout=10s");
    await kubectl("delete pod late");
  });

  it("creates and deletes a namespace with what is in it", async () => {
    await kubectl("create namespace team");
    await kubectl("create configmap settings --from-literal=a=b -n team");
    await kubectl("create secret generic hidden --from-literal=a=b -n team");
    await expect
      .poll(() => kubectl("get serviceaccounts,configmaps -n team -o name"))
      .toMatch(/serviceaccount\/default\n.*kube-root-ca\.crt/su);
    await kubectl("apply -n team -f -", { stdin: podYaml("member") });
    await kubectl("delete namespace team");
    expect((await run("get namespace team")).err).toMatch(/NotFound/u);
    expect(server.store.list(KIND.pods, { namespace: "team" }).items).toEqual([]);
  });

  it("says who one is and what one may", async () => {
    expect(await kubectl("auth whoami")).toMatch(/kubernetes-admin/u);
    expect(await kubectl("auth whoami", { config: "node" })).toMatch(/system:node:n1/u);
    expect(await kubectl("auth can-i delete nodes")).toBe("yes\n");
    expect((await run("auth can-i list secrets", { config: "node" })).out).toMatch(/^no/u);
    expect((await run("get secrets -A", { config: "node" })).err).toMatch(
      /User "system:node:n1" cannot list resource "secrets" in API group ""/u,
    );
    expect(await kubectl("get node n1 -o name", { config: "node" })).toBe("node/n1\n");
    await kubectl("create clusterrolebinding team-view --clusterrole=view --serviceaccount=default:default");
    const token = (await kubectl("create token default --duration=10m")).trim();
    const withToken = `--token=${token} --server=${server.url} --insecure-skip-tls-verify`;
    await writeFile(join(dir, "empty.kubeconfig"), "");
    expect(await kubectl(`get pods ${withToken}`, { config: "empty" })).toBe("");
    expect((await run(`get secrets ${withToken}`, { config: "empty" })).err).toMatch(/system:serviceaccount:default:default/u);
    expect((await run(`get pods --token=nonsense --server=${server.url} --insecure-skip-tls-verify`, { config: "empty" })).err).toMatch(
      /Unauthorized|must be logged in/u,
    );
  });

  it("approves a certificate, which is then signed", async () => {
    const keyPair = await createKeyPair();
    const request = Buffer.from(createCsr({ keyPair, subject: { commonName: "ann", organizations: ["devs"] } })).toString("base64");
    const csr = `apiVersion: certificates.k8s.io/v1
kind: CertificateSigningRequest
metadata: {name: ann}
spec: {request: ${request}, signerName: kubernetes.io/kube-apiserver-client, usages: [client auth], expirationSeconds: 3600}
`;
    await kubectl("create -f -", { stdin: csr });
    expect(await kubectl("get csr ann")).toMatch(/ann +\d+s +kubernetes.io\/kube-apiserver-client +kubernetes-admin +60m +Pending/u);
    await kubectl("certificate approve ann");
    await expect.poll(() => kubectl("get csr ann --no-headers")).toMatch(/Approved,Issued/u);
    const pem = Buffer.from(await kubectl("get csr ann -o jsonpath={.status.certificate}"), "base64").toString();
    expect(describeCertificate(pem)).toMatchObject({ subject: { commonName: "ann", organizations: ["devs"] }, usages: ["client auth"] });
  });
});
