import { createServer as createHttp } from "node:http";
import type { RequestListener } from "node:http";
import { createServer as createHttps } from "node:https";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSelfSigned } from "@nk/certificates";
import { computePodExplanation } from "@nk/pod-status";
import { systemClock } from "@nk/stdx";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseAskArguments } from "./arguments.ts";
import { runAsk } from "./run-ask.ts";

const EXPLANATION = computePodExplanation({
  work: { ref: { namespace: "default", name: "web", uid: "u1" }, state: "syncing", sinceMs: systemClock.nowMs(), isPassRunning: false },
  status: undefined,
  steps: [{ step: "admit", spans: [{ beginMs: 0, endMs: 5 }] }],
  decisions: [{ atMs: 0, text: "added" }],
});

/** What the kubelet, or whoever sits on its port, answers by the name of the pod. */
const answer: RequestListener = (request, response) => {
  const [, , , namespace, name = ""] = (request.url ?? "").split("/");
  const say = (status: number, body: string) => response.writeHead(status).end(body);
  const { authorization } = request.headers;
  switch (name) {
    case "web":
      return say(200, JSON.stringify({ ...EXPLANATION, summary: `${namespace} ${authorization ?? "nobody"}` }));
    case "gone":
      return say(404, 'pod "default/gone" does not exist');
    case "other-program":
      return say(404, "404 page not found\n");
    case "stranger":
      return say(401, "Unauthorized");
    case "forbidden":
      return say(403, "Forbidden (user=x, verb=get, resource=nodes, subresource(s)=[proxy])");
    case "broken":
      return say(500, "first line\nsecond line");
    case "garbage":
      return say(200, "<html>");
    case "screen":
      return say(500, "a\u001b[2Jb\u009b1mc");
    case "painted":
      return say(200, JSON.stringify({ ...EXPLANATION, phase: "\u001b[2J", nextPassAt: undefined }));
    case "half-json":
      return say(200, '{"pod":{},"timeline":[null],"decisions":[null]}');
    case "another-json":
      return say(200, '{"pod":1}');
    case "bad-time":
      return say(200, JSON.stringify({ ...EXPLANATION, since: "yesterday" }));
    case "huge":
      return say(200, "x".repeat(5 * 1024 * 1024));
    case "cut":
      response.writeHead(200, { "content-length": "1000" }).write("{");
      return setTimeout(() => response.destroy(), 10);
    case "switches":
      return request.socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n");
    case "slow":
      return undefined;
    default:
      return request.socket.destroy();
  }
};

describe("kubelet explain", () => {
  let dir = "";
  const ports = { plain: 0, tls: 0 };
  const closing: (() => void)[] = [];

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), "nk-ask-"));
    const { certificatePem: cert, privateKeyPem: key } = await createSelfSigned({ host: "some-node" });
    const stranger = await createSelfSigned({ host: "some-node" });
    await mkdir(join(dir, "pki"));
    await writeFile(join(dir, "pki/kubelet.crt"), cert);
    await writeFile(join(dir, "other.crt"), stranger.certificatePem);
    await writeFile(join(dir, "token"), "abc\n");
    await writeFile(join(dir, "two-lines"), "abc\ndef\n");
    await writeFile(
      join(dir, "kubeconfig"),
      JSON.stringify({
        apiVersion: "v1",
        kind: "Config",
        clusters: [{ name: "c", cluster: { server: "https://127.0.0.1:1" } }],
        users: [{ name: "u", user: { token: "from-kubeconfig" } }],
        contexts: [{ name: "x", context: { cluster: "c", user: "u" } }],
        "current-context": "x",
      }),
    );
    const servers = { plain: createHttp(answer), tls: createHttps({ cert, key }, answer) };
    for (const name of ["plain", "tls"] as const) {
      const server = servers[name];
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      ports[name] = (server.address() as AddressInfo).port;
      closing.push(() => {
        server.closeAllConnections();
        server.close();
      });
    }
  });
  afterAll(async () => {
    for (const close of closing) close();
    await rm(dir, { recursive: true });
  });

  const run = async (
    words: string,
    more: { readonly kubeconfig?: string; readonly config?: string; readonly verb?: "explain" | "timeline" } = {},
  ) => {
    let [out, error] = ["", ""];
    const argv = words
      .split(" ")
      .filter((word) => word !== "")
      .map((word) => word.replace("DIR", dir).replace("PLAIN", `${ports.plain}`).replace("TLS", `${ports.tls}`));
    const code = await runAsk(more.verb ?? "explain", argv, {
      clock: systemClock,
      defaults: {
        configFile: join(dir, more.config ?? "none"),
        kubeconfigs: [more.kubeconfig?.replace("DIR", dir) ?? "", join(dir, "none")],
      },
      // Short only where nothing is answered: a TLS handshake takes its time on a busy machine.
      timeoutMs: words.includes("pod slow ") ? 500 : 10_000,
      writeOut: (text) => void (out += text),
      writeError: (text) => void (error += text),
    });
    return { code, out, error: error.replace(/:\d{4,5}\b/, ":PORT") };
  };

  const local = "--address=127.0.0.1 --read-only-port=0 --port=TLS --cert-dir=DIR/pki";

  it.each<[what: string, words: string, expected: string]>([
    ["its own port, its certificate known by itself", `pod default/web ${local}`, "default nobody"],
    ["the namespace default", `pod web ${local}`, "default nobody"],
    ["another namespace", `pod kube-system/web ${local}`, "kube-system nobody"],
    ["a token", `pod web --token-file=DIR/token ${local}`, "default Bearer abc"],
    ["a kubeconfig", `pod web --user-kubeconfig DIR/kubeconfig ${local}`, "default Bearer from-kubeconfig"],
    ["the kubelet's own kubeconfig at last", `pod web --kubeconfig=DIR/kubeconfig ${local}`, "default Bearer from-kubeconfig"],
    [
      "the read-only port, where nobody is asked who he is",
      "pod web --address=127.0.0.1 --read-only-port=PLAIN --token-file=DIR/token",
      "default nobody",
    ],
    ["every address, on the loopback", "pod web --address=0.0.0.0 --read-only-port=PLAIN", "default nobody"],
    ["a URL", "pod web --server=http://127.0.0.1:PLAIN", "default nobody"],
    ["a URL whose certificate is not looked at", "pod web --server=https://127.0.0.1:TLS --insecure-skip-tls-verify", "default nobody"],
    ["the plural", `pods web ${local}`, "default nobody"],
  ])("asks over %s", async (_, words, expected) => {
    const { code, out, error } = await run(words);
    expect([code, error]).toEqual([0, ""]);
    expect(out.split("\n")[0]).toBe(`pod web_default(u1): ${expected}`);
  });

  it("takes the kubelet's configuration from where it usually lies, unless another is named", async () => {
    await writeFile(
      join(dir, "config.yaml"),
      `kind: KubeletConfiguration\napiVersion: kubelet.config.k8s.io/v1beta1\naddress: 127.0.0.1\nreadOnlyPort: ${ports.plain}\n`,
    );
    expect((await run("pod web", { config: "config.yaml" })).code).toBe(0);
    expect((await run("pod web --config DIR/missing", { config: "config.yaml" })).error).toContain("missing");
  });

  it("takes $KUBECONFIG before the kubelet's own", async () => {
    expect((await run(`pod web --kubeconfig=DIR/missing ${local}`, { kubeconfig: "DIR/kubeconfig" })).out).toContain("from-kubeconfig");
  });

  it("prints nothing that a terminal would obey, whoever sits on the port", async () => {
    const { code, out } = await run("pod painted --server=http://127.0.0.1:PLAIN");
    expect([code, out.split("\n")[1]?.startsWith("state:      syncing,  [2J, ")]).toEqual([0, true]);
  });

  it("prints JSON, and a timeline", async () => {
    expect(JSON.parse((await run(`pod web --json ${local}`)).out)).toMatchObject({ state: "syncing", decisions: [{ text: "added" }] });
    expect((await run(`pod web ${local}`, { verb: "timeline" })).out).toMatch(/^admit \|#/m);
    expect(Object.keys(JSON.parse((await run(`pod web --json ${local}`, { verb: "timeline" })).out) as object)).toEqual([
      "pod",
      "timeline",
    ]);
  });

  it.each<[words: string, code: number, error: string]>([
    ["pod gone SERVER", 1, "it has no pod default/gone"],
    ["pod other-program SERVER", 1, "it explains no pods; is it this kubelet, and are its debugging handlers enabled?"],
    ["pod stranger SERVER", 1, "it does not know who asks (nobody's credentials were shown); use --user-kubeconfig"],
    [
      "pod forbidden SERVER",
      1,
      "it does not allow it (nobody's credentials were shown): that needs get on nodes/proxy. It says: Forbidden",
    ],
    ["pod broken SERVER", 1, "it answers 500: first line\n"],
    ["pod garbage SERVER", 1, "its answer is no explanation"],
    ["pod screen SERVER", 1, "it answers 500: a [2Jb 1mc\n"],
    ["pod half-json SERVER", 1, "answer is no explanation"],
    ["pod another-json SERVER", 1, "answer is no explanation; is it of this version?"],
    ["pod bad-time SERVER", 1, "answer is no explanation: parse time"],
    ["pod huge SERVER", 1, "the answer is longer than 4194304 bytes"],
    ["pod cut SERVER", 1, "ask the kubelet at http://127.0.0.1:PORT: "],
    ["pod switches SERVER", 1, "it answers 101: "],
    ["pod slow SERVER", 1, "the answer took longer than 500 ms"],
    ["pod hang-up SERVER", 1, "it closed the connection"],
    ["pod web --server=https://127.0.0.1:PLAIN --insecure-skip-tls-verify", 1, "it does not speak TLS there"],
    ["pod web --server=https://127.0.0.1:TLS", 1, "self-signed certificate"],
    ["pod web --server=https://127.0.0.1:TLS --certificate-authority=DIR/other.crt", 1, "ask the kubelet at https://127.0.0.1:PORT: "],
    ["pod web --server=https://127.0.0.1:TLS --certificate-authority=DIR/token", 1, "it holds no certificate"],
    [
      "pod web --address=127.0.0.1 --read-only-port=0 --port=TLS --tls-cert-file=DIR/other.crt --tls-private-key-file=DIR/token",
      1,
      "ask the kubelet at https://127.0.0.1:PORT: ",
    ],
    ["pod web --address=127.0.0.1 --read-only-port=0 --port=1 --cert-dir=DIR/pki", 1, "nothing listens there; is the kubelet running?"],
    ["pod web --address=127.0.0.1 --read-only-port=0 --port=TLS --cert-dir=DIR", 1, "read the kubelet's certificate"],
    [
      "pod web --address=127.0.0.1 --read-only-port=0 --port=TLS --tls-cert-file=DIR/token --tls-private-key-file=DIR/token",
      1,
      "it is none",
    ],
    ["pod web --token-file=DIR/missing --read-only-port=0 --port=TLS --cert-dir=DIR/pki", 1, "read --token-file"],
    ["pod web --token-file=DIR/two-lines --read-only-port=0 --port=TLS --cert-dir=DIR/pki", 1, "two-lines holds no token"],
    ["pod web --user-kubeconfig=DIR/missing --read-only-port=0 --port=TLS --cert-dir=DIR/pki", 1, "cannot read the kubeconfig"],
    ["pod web --config=DIR/missing", 2, "cannot read the configuration file"],
    ["pod web --no-such-flag", 2, "unknown flag: --no-such-flag"],
    ["pod web --version", 2, "--version says nothing about a pod"],
    ["pod web --server=10.0.0.1", 2, '--server "10.0.0.1" is no URL'],
  ])("says what is wrong: %s", async (words, code, message) => {
    const { code: actual, out, error } = await run(words.replace("SERVER", "--server=http://127.0.0.1:PLAIN"));
    expect([actual, out]).toEqual([code, ""]);
    expect(error).toContain(message);
    expect(error.startsWith("kubelet explain: ")).toBe(true);
    expect(error).not.toContain("abc");
  });

  it("helps", async () => {
    const { code, out } = await run("--help");
    expect([code, out.startsWith("usage: kubelet explain pod")]).toEqual([0, true]);
  });
});

describe("parseAskArguments", () => {
  it("leaves the kubelet's flags to the kubelet, values that stand apart included", () => {
    const args = parseAskArguments("explain", ["pod", "a/b", "--json", "--config", "/x", "-v", "4", "--token-file", "t", "--port=1"]);
    expect(args).toMatchObject({
      namespace: "a",
      name: "b",
      isJson: true,
      options: { "token-file": "t" },
      kubeletArgv: ["--config", "/x", "-v", "4", "--port=1"],
    });
  });

  it.each<[argv: readonly string[], message: string]>([
    [[], "explain what?"],
    [["pod"], "explain what?"],
    [["node", "x"], 'explain knows pods, not "node"'],
    [["pod", "a/b/c"], "is not [NAMESPACE/]NAME of a pod"],
    [["pod", "../../healthz"], "is not [NAMESPACE/]NAME of a pod"],
    [["pod", "a/.."], "is not [NAMESPACE/]NAME of a pod"],
    [["pod", "A"], "is not [NAMESPACE/]NAME of a pod"],
    [["pod", "a%2fb"], "is not [NAMESPACE/]NAME of a pod"],
    [["pod", ""], "is not [NAMESPACE/]NAME of a pod"],
    [["pod", "a", "--server"], "--server needs a value"],
    [["pod", "a", "--json=maybe"], "--json is either true or false"],
    [["pod", "a", "--client-key", "k"], "go together"],
  ])("refuses %j", (argv, message) => {
    expect(() => parseAskArguments("explain", argv)).toThrow(message);
  });

  it("takes a switch that is switched off", () => {
    expect(parseAskArguments("explain", ["pod", "a", "--json=false", "--help=false"])).toMatchObject({ isJson: false });
  });
});
