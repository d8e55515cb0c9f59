import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { runSubprocess } from "@nk/stdx";
import { fetchKubectl } from "@nk/tool-lab";
import type { KubectlVersion } from "@nk/tool-lab";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startOnTerminal, startProgram } from "../terminal.ts";
import type { RunningProgram } from "../terminal.ts";

/*
 * What the README promises: `npm run up`, and then kubectl, whichever one has. The program runs as a user starts it, and the kubectl that
 * asks is Debian's.
 */
const root = resolve(import.meta.dirname, "../../../..");
let up: RunningProgram;
let kubeconfig: string;
let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "nk-up-kubectl-"));
  const program = join(root, "tools/up/src/main.ts");
  up = startProgram([process.execPath, "--conditions=@nk/source", program, "--yes", "--containerd=2.1", "--kubectl=1.36"]);
  const [, path = ""] = await up.until(/KUBECONFIG=(\S+) \S+ get pods -A\n/u, { timeoutMs: 110_000 });
  kubeconfig = path;
});

afterAll(async () => {
  up.send("SIGINT");
  await up.ended;
  await rm(dir, { recursive: true, force: true });
});

interface Outcome {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

const shellPod = (name: string, more: object = {}): string =>
  JSON.stringify({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, labels: { app: name } },
    spec: {
      terminationGracePeriodSeconds: 1,
      containers: [
        {
          name: "main",
          image: "docker.io/library/busybox:latest",
          imagePullPolicy: "IfNotPresent",
          command: ["sh", "-c", "echo ready; httpd -p 8080 -h /var/www; trap 'exit 0' TERM; while true; do sleep 0.2; done"],
          ...more,
        },
      ],
    },
  });

describe.each<KubectlVersion>(["1.32", "1.36"])("with kubectl %s", (version) => {
  let binary: string;
  let env: NodeJS.ProcessEnv;
  const argvOf = (words: readonly string[]): [string, ...string[]] => [binary, ...words];
  const run = async (args: string, stdin?: string): Promise<Outcome> => {
    const result = await runSubprocess(argvOf(args.split(" ")), {
      timeoutMs: 60_000,
      env: env as Readonly<Record<string, string>>,
      ...(stdin === undefined ? {} : { stdin }),
    });
    return { code: result.exitCode, out: String(result.stdout), err: String(result.stderr) };
  };
  const kubectl = async (args: string, stdin?: string): Promise<string> => {
    const { code, out, err } = await run(args, stdin);
    if (code !== 0) throw new Error(`kubectl ${args} ended with ${code}: ${err}${out}`);
    return out;
  };
  const start = (args: string): RunningProgram => startProgram(argvOf(args.split(" ")), env);
  const onTerminal = (args: string): RunningProgram => startOnTerminal(argvOf(args.split(" ")), { rows: 33, columns: 99, env });
  const runPod = async (name: string, more?: object): Promise<void> => {
    await kubectl("apply -f -", shellPod(name, more));
    await kubectl(`wait --for=condition=Ready pod/${name} --timeout=60s`);
  };

  beforeAll(async () => {
    binary = await fetchKubectl(version);
    env = { PATH: "/usr/bin:/bin", HOME: dir, KUBECONFIG: kubeconfig, TERM: "dumb" };
  });

  it("gets: the node, the pods and the static pod's mirror", async () => {
    expect(await kubectl("get nodes --no-headers")).toMatch(/^nk-up +Ready +<none> +\d+s +v1\.36\.\d+\n$/u);
    await kubectl("wait --for=condition=Ready pod/clock-nk-up --timeout=60s");
    expect(await kubectl("get pods -A --no-headers")).toMatch(/^default +clock-nk-up +1\/1 +Running +0 /mu);
    expect(await kubectl("get pod clock-nk-up -o jsonpath={.metadata.ownerReferences[0].kind}/{.metadata.ownerReferences[0].name}")).toBe(
      "Node/nk-up",
    );
    const wide = await kubectl("get nodes -o wide --no-headers");
    expect(wide).toMatch(/containerd:\/\/2\./u);
  });

  it("applies, describes, follows the log of, and deletes a pod", async () => {
    const command = [
      "sh",
      "-c",
      "for i in 1 2 3 4 5; do echo line $i; sleep 0.2; done; trap 'exit 0' TERM; while true; do sleep 0.1; done",
    ];
    await runPod("web-two", { command });
    const following = start("logs -f web-two");
    await following.until(/^line 1\nline 2\nline 3\nline 4\nline 5\n$/u);
    const text = await kubectl("describe pod web-two");
    expect(text).toMatch(/^Node: +nk-up\/\d+\./mu);
    expect(text).toMatch(
      /-+\n +Normal +Scheduled .*Successfully assigned default\/web-two to nk-up\n +Normal +Pulled .*\n +Normal +Created .*\n +Normal +Started .*kubelet +.*Container started\n$/u,
    );
    expect(await kubectl("describe node nk-up")).toMatch(/default +web-two +0 \(0%\)/u);
    expect(await kubectl("get events --field-selector involvedObject.name=web-two -o name")).toMatch(/event\/web-two\./u);
    expect(await kubectl("delete pod web-two")).toMatch(/pod "web-two" deleted/u);
    // The log ends with its container.
    expect(await following.ended).toBe(0);
    expect((await run("get pod web-two")).err).toBe('Error from server (NotFound): pods "web-two" not found\n');
  });

  it("executes on a terminal, with its size and the exit code", async () => {
    await runPod("shell");
    expect(await kubectl("exec shell -- echo plain")).toBe("plain\n");
    expect(await kubectl("exec -i shell -- cat", "x".repeat(100_000))).toBe("x".repeat(100_000));
    expect((await run("exec shell -- sh -c exit${IFS}9")).code).toBe(9);
    const terminal = onTerminal("exec -it shell -- sh");
    await terminal.until(/# /u);
    terminal.write("stty size; tty\n");
    await terminal.until(/33 99\r\n\/dev\/pts\/\d+\r\n/u);
    terminal.write("exit 5\n");
    expect(await terminal.ended).toBe(5);
    await kubectl("delete pod shell");
  });

  it("attaches to a terminal", async () => {
    await runPod("term", { command: ["sh"], stdin: true, tty: true });
    const terminal = onTerminal("attach -it term");
    // Nothing is said before a line is: the prompt came when nobody was there yet.
    terminal.write("\n");
    await terminal.until(/# /u);
    terminal.write("tty; echo from $((40+2))\n");
    const [, tty] = await terminal.until(/(\/dev\/\S+)\r\nfrom 42\r\n/u);
    expect(tty).toMatch(/^\/dev\/pts\/\d+$/u);
    terminal.send("SIGKILL");
    await terminal.ended;
    await kubectl("delete pod term");
  });

  it("forwards a port, and copies there and back", async () => {
    await runPod("served");
    const forwarding = start("port-forward pod/served :8080");
    const [, port] = await forwarding.until(/Forwarding from 127\.0\.0\.1:(\d+) -> 8080/u);
    const pages = Array.from({ length: 3 }, async () => (await fetch(`http://127.0.0.1:${port}/`)).text());
    expect(await Promise.all(pages)).toEqual(["hello from nk\n", "hello from nk\n", "hello from nk\n"]);
    forwarding.send("SIGINT");
    await forwarding.ended;
    const there = join(dir, `there-${version}`);
    const back = join(dir, `back-${version}`);
    await writeFile(there, "copied\n".repeat(50_000));
    await kubectl(`cp ${there} served:/tmp/there`);
    await kubectl(`cp served:/tmp/there ${back}`);
    expect(await readFile(back, "utf8")).toBe(await readFile(there, "utf8"));
    await kubectl("delete pod served");
  });

  it("cordons and drains the node, whose static pod stays", async () => {
    await runPod("guest");
    await kubectl("cordon nk-up");
    expect(await kubectl("get nodes --no-headers")).toMatch(/Ready,SchedulingDisabled/u);
    expect(await kubectl("drain nk-up --force --timeout=60s")).toMatch(/pod\/guest evicted\n(?:.*\n)*node\/nk-up drained\n$/u);
    expect(await kubectl("get pods -o name")).toBe("pod/clock-nk-up\n");
    await kubectl("uncordon nk-up");
    await runPod("after");
    await kubectl("delete pod after");
  });

  it("says of top that there are no metrics", async () => {
    expect((await run("top node")).err).toMatch(/Metrics API not available/u);
  });
});

it("leaves nothing behind when it is interrupted", async () => {
  up.send("SIGINT");
  expect(await up.ended).toBe(0);
  await expect(readFile(kubeconfig)).rejects.toThrow("ENOENT");
  await expect(readFile(dirname(dirname(kubeconfig)))).rejects.toThrow("ENOENT");
});
