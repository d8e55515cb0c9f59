import { gunzipSync } from "node:zlib";
import { mkdir, mkdtemp, symlink, utimes, writeFile } from "node:fs/promises";
import { get } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runSubprocess } from "@nk/stdx";
import { createRecordingMetrics } from "@nk/stdx/testing";
import { describe, expect, it } from "vitest";
import { createReadOnlyRoutes, createSecureRoutes, openHttpServer } from "../../src/index.ts";
import type { DebugPorts, HttpServer, PublicPorts } from "../../src/index.ts";
import { ask } from "./client.ts";
import type { Answer, Question } from "./client.ts";
import { createPorts, openNode } from "./node.ts";

const asAdmin = (server: HttpServer, path: string, more: Partial<Question> = {}): Promise<Answer> =>
  ask(server, { path, token: "admin", ...more });

const summary = ({ status, body }: Answer): readonly [number, string] => [status, body];

describe("a request that is refused", () => {
  /** Ports of which every use is noted. */
  const watched = (used: string[]): PublicPorts & DebugPorts => {
    const watch = (value: unknown, name: string): unknown => {
      if (typeof value === "function")
        return (): never => {
          used.push(name);
          throw new Error(`${name} was used`);
        };
      if (typeof value !== "object" || value === null || name === "nodeLogs" || name === "checks") return value;
      return Object.fromEntries(
        Object.entries(value).map(([key, inner]) => [key, key === "contentType" ? inner : watch(inner, `${name}.${key}`)]),
      );
    };
    const { nodeLogs, checks, ...rest } = createPorts();
    const checked = checks.map(({ name }) => ({ name, check: () => void used.push(name) }));
    return { ...(watch(rest, "ports") as typeof rest), nodeLogs, checks: checked };
  };

  it("touches no port, whatever its path and method", async () => {
    const used: string[] = [];
    const ports = watched(used);
    await using node = await openNode({ ports, reviews: { mayAccess: () => false } });
    const paths = createSecureRoutes(ports).flatMap(({ path }) => path);
    expect(paths.length).toBeGreaterThan(20);
    for (const path of paths) {
      for (const below of ["", "/summary", "/default/api1/api1?output=1&cmd=id&follow=1"]) {
        const question = { path: `${path.replace(/\/$/, "")}${below || (path.endsWith("/") ? "/" : "")}` };
        for (const method of ["GET", "POST", "PUT"]) {
          const [stranger, user] = [await ask(node.server, { ...question, method }), await asAdmin(node.server, question.path, { method })];
          if (stranger.status === 404) expect([question.path, stranger.body]).toEqual([question.path, "404 page not found\n"]);
          else expect([question.path, stranger.status, user.status]).toEqual([question.path, 401, 403]);
        }
      }
    }
    expect(used).toEqual([]);
  });

  it.each([
    ["/metrics/..%2fexec/default/api1/api1?output=1", 404],
    ["/pods/..%2f..%2fexec/default/api1/api1?output=1", 404],
    ["/%65xec/default/api1/api1?output=1", 403],
    ["/pods%2f..%2fexec/default/api1/api1", 404],
    ["//exec/default/api1/api1?output=1", 307],
    ["/metrics/../exec/default/api1/api1?output=1", 307],
    ["/debug%2fpprof/", 404],
    ["/EXEC/default/api1/api1?output=1", 404],
  ])("cannot be smuggled past authorization as %s", async (path, status) => {
    await using node = await openNode({ reviews: { mayAccess: ({ subresource }) => subresource !== "proxy" } });
    expect((await asAdmin(node.server, path)).status).toBe(status);
  });
});

describe("the switches", () => {
  it("turn all debugging handlers off", async () => {
    await using node = await openNode({ switches: { enableDebuggingHandlers: false } });
    for (const path of [
      "/exec/a/b/c",
      "/run/a/b/c",
      "/attach/a/b/c",
      "/portForward/a/b",
      "/containerLogs/a/b/c",
      "/runningpods/",
      "/logs/",
      "/debug/pprof/",
    ])
      expect([path, ...summary(await asAdmin(node.server, path))]).toEqual([path, 405, "Debug endpoints are disabled.\n"]);
    for (const path of ["/configz", "/flagz", "/statusz", "/debug/flags/v", "/checkpoint/a/b/c"])
      expect([path, ...summary(await asAdmin(node.server, path))]).toEqual([path, 404, "404 page not found\n"]);
    for (const path of ["/pods", "/healthz", "/metrics", "/stats/summary"]) expect((await asAdmin(node.server, path)).status).toBe(200);
    expect((await ask(node.server, { path: "/exec/a/b/c" })).status).toBe(401);
  });

  it("turn logs, profiling and flags off one by one", async () => {
    const switches = { enableSystemLogHandler: false, enableProfilingHandler: false, enableDebugFlagsHandler: false };
    await using node = await openNode({ switches });
    expect(summary(await asAdmin(node.server, "/logs/syslog"))).toEqual([405, "logs endpoint is disabled.\n"]);
    expect(summary(await asAdmin(node.server, "/debug/pprof/heap"))).toEqual([405, "profiling endpoint is disabled.\n"]);
    expect(summary(await asAdmin(node.server, "/debug/flags/v", { method: "PUT" }))).toEqual([405, "flags endpoint is disabled.\n"]);
  });

  it("leave a read-only server that shows what anybody may see", async () => {
    await using server = await openHttpServer({ address: "127.0.0.1", port: 0, routes: createReadOnlyRoutes(createPorts()) });
    const statusOf = async (path: string): Promise<number> => (await ask(server, { path, isPlain: true })).status;
    for (const path of ["/pods", "/healthz", "/healthz/ping", "/metrics", "/metrics/probes", "/stats/summary"])
      expect([path, await statusOf(path)]).toEqual([path, 200]);
    for (const path of ["/exec/a/b/c", "/run/a/b/c", "/containerLogs/a/b/c", "/runningpods/", "/logs/", "/debug/pprof/"])
      expect([path, await statusOf(path)]).toEqual([path, 405]);
    for (const path of ["/configz", "/flagz", "/statusz", "/checkpoint/a/b/c"]) expect([path, await statusOf(path)]).toEqual([path, 404]);
  });
});

describe("/logs/", () => {
  const openLogs = async (): Promise<{ readonly root: string; readonly outside: string }> => {
    const [root, outside] = await Promise.all([mkdtemp(join(tmpdir(), "nk-logs-")), mkdtemp(join(tmpdir(), "nk-outside-"))]);
    await mkdir(join(root, "pods"));
    await Promise.all([
      writeFile(join(root, "syslog"), "one\ntwo\nthree\n"),
      writeFile(join(root, "a&b <1>?#:.log"), "odd\n"),
      writeFile(join(root, "page.html"), "<script>alert(1)</script>"),
      writeFile(join(root, "wtmp"), Buffer.from([0, 1, 2])),
      writeFile(join(root, "empty"), ""),
      writeFile(join(outside, "shadow"), "secret"),
      symlink("syslog", join(root, "inner")),
      symlink(join(outside, "shadow"), join(root, "outer")),
      symlink(outside, join(root, "outdir")),
      symlink("loop", join(root, "loop")),
      runSubprocess(["mkfifo", join(root, "pipe")], { timeoutMs: 5000 }),
    ]);
    await utimes(join(root, "syslog"), 1_700_000_000, 1_700_000_000);
    return { root, outside };
  };

  it("lists a directory as Go does, and shows its files", async () => {
    const { root } = await openLogs();
    await using node = await openNode({ ports: { nodeLogs: { rootDirectory: root } } });
    const list = await asAdmin(node.server, "/logs/");
    expect(list.contentType).toBe("text/html; charset=utf-8");
    expect(list.body.split("\n").slice(0, 4)).toEqual([
      "<!doctype html>",
      '<meta name="viewport" content="width=device-width">',
      "<pre>",
      '<a href="./a&amp;b%20%3C1%3E%3F%23:.log">a&amp;b &lt;1&gt;?#:.log</a>',
    ]);
    expect(list.body).toContain('<a href="pods/">pods/</a>\n');
    expect(list.body.endsWith("</pre>\n")).toBe(true);
    const file = await asAdmin(node.server, "/logs/syslog");
    expect([...summary(file), file.contentType, file.headers["last-modified"]]).toEqual([
      200,
      "one\ntwo\nthree\n",
      "text/plain; charset=utf-8",
      "Tue, 14 Nov 2023 22:13:20 GMT",
    ]);
    expect(summary(await asAdmin(node.server, "/logs/a&b%20%3C1%3E%3F%23:.log"))).toEqual([200, "odd\n"]);
    expect(summary(await asAdmin(node.server, "/logs/inner"))).toEqual([200, "one\ntwo\nthree\n"]);
    expect(summary(await asAdmin(node.server, "/logs/empty"))).toEqual([200, ""]);
  });

  it("gives ranges, and 304 for what has not changed", async () => {
    const { root } = await openLogs();
    await using node = await openNode({ ports: { nodeLogs: { rootDirectory: root } } });
    const range = async (value: string): Promise<readonly [number, string, unknown]> => {
      const answer = await asAdmin(node.server, "/logs/syslog", { headers: { range: value } });
      return [answer.status, answer.body, answer.headers["content-range"]];
    };
    expect(await range("bytes=4-6")).toEqual([206, "two", "bytes 4-6/14"]);
    expect(await range("bytes=-6")).toEqual([206, "three\n", "bytes 8-13/14"]);
    expect(await range("bytes=8-")).toEqual([206, "three\n", "bytes 8-13/14"]);
    expect((await range("bytes=14-"))[0]).toBe(416);
    expect((await range("bytes=0-1,4-5"))[0]).toBe(200);
    const headers = { "if-modified-since": "Tue, 14 Nov 2023 22:13:20 GMT" };
    expect((await asAdmin(node.server, "/logs/syslog", { headers })).status).toBe(304);
  });

  it("never gives a page that a browser would run", async () => {
    const { root } = await openLogs();
    await using node = await openNode({ ports: { nodeLogs: { rootDirectory: root } } });
    const page = await asAdmin(node.server, "/logs/page.html");
    expect([page.contentType, page.headers["x-content-type-options"]]).toEqual(["text/plain; charset=utf-8", "nosniff"]);
    expect((await asAdmin(node.server, "/logs/wtmp")).contentType).toBe("application/octet-stream");
  });

  it.each([
    ["/logs/outer", 403],
    ["/logs/outdir/", 403],
    ["/logs/outdir/shadow", 403],
    ["/logs/..%2f..%2fetc%2fpasswd", 403],
    ["/logs/pods%2f..%2f..%2fetc%2fpasswd", 403],
    ["/logs/%00", 403],
    ["/logs/pipe", 404],
    ["/logs/loop", 404],
    ["/logs/nope", 404],
    ["/logs/syslog/more", 404],
    [`/logs/${"n".repeat(300)}`, 404],
    ["/logs/pods", 301],
    ["/logs/syslog/", 301],
    ["/logs", 307],
  ])("answers %s with %i", async (path, status) => {
    const { root } = await openLogs();
    await using node = await openNode({ ports: { nodeLogs: { rootDirectory: root } } });
    const answer = await asAdmin(node.server, path);
    expect(answer.status).toBe(status);
    expect(answer.body).not.toMatch(/secret|root:/);
  });

  it("lists no directory over its limit", async () => {
    const { root } = await openLogs();
    await using node = await openNode({ ports: { nodeLogs: { rootDirectory: root, maxEntries: 3 } } });
    expect((await asAdmin(node.server, "/logs/")).status).toBe(500);
  });
});

describe("the smaller routes", () => {
  it("tell of a check that fails, leave checks out, and say more on demand", async () => {
    const checks = [
      { name: "ping", check: () => undefined },
      {
        name: "syncloop",
        check: () => {
          throw new Error("it hangs");
        },
      },
    ];
    await using node = await openNode({ ports: { checks } });
    expect(summary(await asAdmin(node.server, "/healthz"))).toEqual([
      500,
      "[+]ping ok\n[-]syncloop failed: reason withheld\nhealthz check failed\n",
    ]);
    expect(summary(await asAdmin(node.server, "/healthz/syncloop"))).toEqual([500, "internal server error: it hangs\n"]);
    expect(summary(await asAdmin(node.server, "/healthz?exclude=syncloop&exclude=x&verbose"))).toEqual([
      200,
      '[+]ping ok\n[+]syncloop excluded: ok\nwarn: some health checks cannot be excluded: no matches for "x"\nhealthz check passed\n',
    ]);
    expect(summary(await asAdmin(node.server, "/healthz/nope"))).toEqual([404, "404 page not found\n"]);
  });

  it("show configuration, flags and status, as text or as objects", async () => {
    await using node = await openNode();
    expect(JSON.parse((await asAdmin(node.server, "/configz")).body)).toEqual({
      kubeletconfig: { kind: "KubeletConfiguration", apiVersion: "kubelet.config.k8s.io/v1beta1" },
    });
    const flags = await asAdmin(node.server, "/flagz");
    expect(flags.body).toMatch(/^\nkubelet flagz\nWarning: [^\n]+\nconfig=\/etc\/kubelet\.yaml\nv=2\n$/);
    const accept = (kind: string): Partial<Question> => ({ headers: { accept: `application/json;v=v1beta1;g=config.k8s.io;as=${kind}` } });
    expect(JSON.parse((await asAdmin(node.server, "/flagz", accept("Flagz"))).body)).toEqual({
      kind: "Flagz",
      apiVersion: "config.k8s.io/v1beta1",
      metadata: { name: "kubelet" },
      flags: { config: "/etc/kubelet.yaml", v: "2" },
    });
    const status = JSON.parse((await asAdmin(node.server, "/statusz", accept("Statusz"))).body) as { readonly paths: readonly string[] };
    expect(status).toMatchObject({
      kind: "Statusz",
      goVersion: "v24",
      binaryVersion: "1.36.0",
      emulationVersion: "1.36",
      uptimeSeconds: 0,
    });
    expect(status.paths).toEqual(expect.arrayContaining(["/configz", "/debug", "/exec", "/healthz", "/metrics", "/statusz"]));
    expect((await asAdmin(node.server, "/statusz")).body).toContain("Binary version= 1.36.0\n");
    expect((await asAdmin(node.server, "/flagz", { headers: { accept: "application/yaml" } })).status).toBe(406);
  });

  it.each(["Flagz", "Statusz"])("give the versions of %s their content type, and warn of the old one", async (kind) => {
    await using node = await openNode();
    const headersOf = async (version: string): Promise<readonly unknown[]> => {
      const accept = `application/json;v=${version};g=config.k8s.io;as=${kind}`;
      const { contentType, headers } = await asAdmin(node.server, `/${kind.toLowerCase()}`, { headers: { accept } });
      return [contentType, headers["warning"]];
    };
    expect(await headersOf("v1beta1")).toEqual([`application/json;g=config.k8s.io;v=v1beta1;as=${kind}`, undefined]);
    expect(await headersOf("v1alpha1")).toEqual([
      `application/json;g=config.k8s.io;v=v1alpha1;as=${kind}`,
      `299 - "This version of the ${kind.toLowerCase()} endpoint is deprecated. Please use a newer version."`,
    ]);
  });

  it("change the verbosity", async () => {
    const levels: number[] = [];
    await using node = await openNode({ ports: { verbosity: { changeVerbosity: (level) => void levels.push(level) } } });
    const put = async (body: string): Promise<readonly [number, string]> =>
      summary(await asAdmin(node.server, "/debug/flags/v", { method: "PUT", body }));
    expect(await put("5")).toEqual([200, "successfully set klog.logging.verbosity to 5\n"]);
    expect(await put("five")).toEqual([400, 'strconv.ParseUint: parsing "five": invalid syntax\n']);
    expect(await put("4294967296")).toEqual([400, 'strconv.ParseUint: parsing "4294967296": value out of range\n']);
    expect(levels).toEqual([5]);
  });

  it("write checkpoints", async () => {
    await using node = await openNode();
    const post = async (path: string): Promise<readonly [number, string]> => summary(await asAdmin(node.server, path, { method: "POST" }));
    expect(await post("/checkpoint/default/api1/api1")).toEqual([200, '{"items":["/var/lib/kubelet/checkpoints/one.tar"]}']);
    expect(await post("/checkpoint/default/api1/nope")).toEqual([404, "container nope does not exist"]);
    expect(await post("/checkpoint/default/nope/api1")).toEqual([404, "pod does not exist"]);
    expect(await post("/checkpoint/default/api1/api1?timeout=x")).toEqual([404, "cannot parse value of timeout parameter"]);
  });

  it("say which methods a path takes", async () => {
    await using node = await openNode();
    const answer = await asAdmin(node.server, "/exec/default/api1/api1", { method: "DELETE" });
    expect([answer.status, answer.headers["allow"]]).toEqual([405, "GET, POST"]);
  });

  it("tell with metrics when the process started, if that is known", async () => {
    const known = { contentType: "text/plain", startedAtMs: 1_795_299_612_999, render: () => Promise.resolve("up 1\n") };
    const { startedAtMs: _, ...unknown } = known;
    await using node = await openNode({ ports: { metrics: { "/metrics": known, "/metrics/slis": unknown } } });
    const startOf = async (path: string): Promise<unknown> => (await asAdmin(node.server, path)).headers["process-start-time-unix"];
    expect([await startOf("/metrics"), await startOf("/metrics/slis")]).toEqual(["1795299612", undefined]);
  });

  it("compress metrics for who takes it", async () => {
    await using node = await openNode();
    const body = await new Promise<Buffer>((resolve, reject) => {
      const headers = { authorization: "Bearer admin", "accept-encoding": "gzip, deflate" };
      get({ host: "127.0.0.1", port: node.server.port, path: "/metrics", rejectUnauthorized: false, agent: false, headers }, (response) => {
        const parts: Buffer[] = [];
        response.on("data", (part: Buffer) => parts.push(part)).on("end", () => resolve(Buffer.concat(parts)));
      }).on("error", reject);
    });
    expect(gunzipSync(body).toString()).toBe("up 1\n");
    expect((await asAdmin(node.server, "/metrics", { headers: { "accept-encoding": "gzip;q=0" } })).body).toBe("up 1\n");
  });

  it("take the old name of tailLines, and refuse the tail of one stream", async () => {
    await using node = await openNode();
    const path = "/containerLogs/default/api1/api1";
    expect(summary(await asAdmin(node.server, `${path}?tail=1`))).toEqual([200, "two\n"]);
    expect(summary(await asAdmin(node.server, `${path}?tail=all&tailLines=1`))).toEqual([200, "err\none\ntwo\n"]);
    expect((await asAdmin(node.server, `${path}?tailLines=1&stream=Stdout`)).status).toBe(422);
    expect((await asAdmin(node.server, `${path}?stream=Both`)).status).toBe(422);
    expect((await asAdmin(node.server, `${path}?stream=`)).status).toBe(422);
    expect((await asAdmin(node.server, `${path}?tailLines=`)).status).toBe(400);
    expect((await asAdmin(node.server, `${path}?tailLines=all`)).status).toBe(400);
  });

  it.each(["limitBytes", "tailLines", "sinceSeconds"])("take any int64 as %s, and nothing beyond", async (name) => {
    await using node = await openNode();
    const ask = async (value: string): Promise<number> =>
      (await asAdmin(node.server, `/containerLogs/default/api1/api1?${name}=${value}`)).status;
    expect(await ask("9223372036854775807")).toBe(200);
    expect(await ask("0000000000000000000007")).toBe(200);
    expect(await ask("9223372036854775808")).toBe(400);
    expect(await ask("-9223372036854775808")).toBe(422);
    expect(await ask("-9223372036854775809")).toBe(400);
  });

  it("measure health checks when all are asked for", async () => {
    const metrics = createRecordingMetrics();
    const checks = [
      { name: "ping", check: () => undefined },
      {
        name: "syncloop",
        check: () => {
          throw new Error("too slow");
        },
      },
    ];
    await using server = await openHttpServer({
      address: "127.0.0.1",
      port: 0,
      routes: createReadOnlyRoutes(createPorts({ checks, checkMetrics: metrics })),
    });
    for (const path of ["/healthz", "/healthz/ping", "/healthz?exclude=ping"]) await ask(server, { path, isPlain: true });
    const total = (name: string, status: string): number =>
      metrics.value("kubernetes_healthchecks_total", { name, type: "healthz", status });
    expect([total("ping", "success"), total("ping", "error"), total("syncloop", "error")]).toEqual([1, 0, 2]);
    const last = (name: string): number => metrics.value("kubernetes_healthcheck", { name, type: "healthz" });
    expect([last("ping"), last("syncloop")]).toEqual([1, 0]);
  });

  it("count requests by the reference's names, and no path that strangers make up", async () => {
    const metrics = createRecordingMetrics();
    await using node = await openNode({ server: { metrics, serverType: "readwrite" } });
    for (const path of ["/pods", "/metrics/probes", "/metrics/slis", "/made/up", "/containerLogs/default/api1/api1", "/debug/flags/v"])
      await asAdmin(node.server, path);
    await ask(node.server, { path: "/pods", method: "PATCH" });
    const count = (method: string, path: string, isLong: boolean = false): number =>
      metrics.value("kubelet_http_requests_total", { method, path, server_type: "readwrite", long_running: String(isLong) });
    expect([
      count("GET", "pods"),
      count("GET", "metrics/probes"),
      count("GET", "other"),
      count("GET", "containerLogs"),
      count("GET", "debug", true),
      // The reference counts this one among the others.
    ]).toEqual([1, 1, 2, 1, 1]);
    expect(count("other", "pods")).toBe(1);
    const labels = { method: "GET", path: "pods", server_type: "readwrite", long_running: "false" };
    expect(metrics.observations("kubelet_http_requests_duration_seconds", labels)).toHaveLength(1);
    expect(metrics.value("kubelet_http_inflight_requests", labels)).toBe(0);
  });
});
