import { once } from "node:events";
import { request } from "node:http";
import { connect } from "node:net";
import { networkInterfaces } from "node:os";
import type { Pod } from "@nk/pod-model";
import { createFakeClock } from "@nk/stdx/testing";
import { afterEach, describe, expect, it } from "vitest";
import {
  containerLogsRoute,
  explainRoute,
  healthzRoute,
  KubeletApiError,
  metricsRoute,
  openHttpServer,
  podsRoute,
  runningPodsRoute,
} from "./index.ts";
import type { ContainerLogRequest, HttpServer, LogsPort } from "./index.ts";
import { isLoopback } from "./http/pipeline.ts";

interface Answer {
  readonly status: number;
  readonly contentType: string | undefined;
  readonly body: string;
}

const open: HttpServer[] = [];

afterEach(async () => {
  for (const server of open.splice(0)) await server[Symbol.asyncDispose]();
});

const pod: Pod = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "web", namespace: "default", uid: "u1" },
  status: { phase: "Running", conditions: [{ type: "Ready", status: "True" }] },
};

const twoLines: LogsPort = {
  openLog: async (target) => {
    if (target.pod !== "web") throw new KubeletApiError("not-found", `pod "${target.pod}" does not exist`);
    return Promise.resolve(
      (async function* () {
        yield Buffer.from("one\n");
        yield await Promise.resolve(Buffer.from("two\n"));
      })(),
    );
  },
};

const serve = async (
  options: { readonly logs?: LogsPort; readonly unwell?: boolean; readonly maxRequests?: number; readonly address?: string } = {},
): Promise<HttpServer> => {
  const server = await openHttpServer({
    address: options.address ?? "127.0.0.1",
    port: 0,
    ...(options.maxRequests === undefined ? {} : { maxRequests: options.maxRequests }),
    routes: [
      podsRoute({ listPods: () => [pod], listRunningPods: () => Promise.resolve([]) }),
      runningPodsRoute({ listPods: () => [], listRunningPods: () => Promise.resolve([{ metadata: { name: "web" } }]) }),
      containerLogsRoute(options.logs ?? twoLines, createFakeClock({ startMs: 1_000_000 })),
      healthzRoute([
        { name: "ping", check: () => undefined },
        {
          name: "syncloop",
          check: () => {
            if (options.unwell === true) throw new Error("sync loop took longer than expected");
          },
        },
      ]),
      metricsRoute({ contentType: "text/plain; version=0.0.4; charset=utf-8", render: () => Promise.resolve("up 1\n") }),
      explainRoute({
        explainPod: (uid) => (uid === "u1" ? { waitsFor: "nothing" } : undefined),
        findUid: (namespace, name) => (namespace === "default" && name === "web" ? "u1" : undefined),
      }),
    ],
  });
  open.push(server);
  return server;
};

const ask = async (server: HttpServer, path: string, method = "GET", host = "127.0.0.1"): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const sent = request({ host, port: server.port, path, method, agent: false }, (response) => {
      const parts: Buffer[] = [];
      response.on("data", (part: Buffer) => parts.push(part));
      response.on("error", reject);
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, contentType: response.headers["content-type"], body: Buffer.concat(parts).toString() }),
      );
    });
    sent.on("error", reject);
    sent.end();
  });

describe("the read-only server", () => {
  it("answers as the recorded matrix of the reference says", async () => {
    const server = await serve();
    const matrix: readonly (readonly [path: string, method: string, status: number, body: string])[] = [
      ["/", "GET", 404, "404 page not found\n"],
      ["/nope", "GET", 404, "404 page not found\n"],
      ["/spec/", "GET", 404, "404 page not found\n"],
      ["/healthz", "GET", 200, "ok"],
      ["/healthz/ping", "GET", 200, "ok"],
      ["/healthz/syncloop", "GET", 200, "ok"],
      ["/healthz", "POST", 200, "ok"],
      ["/healthz", "HEAD", 200, ""],
      ["/pods", "POST", 405, "405: Method Not Allowed"],
      ["/pods", "DELETE", 405, "405: Method Not Allowed"],
      ["/containerLogs/default/web/main", "GET", 200, "one\ntwo\n"],
      ["/containerLogs/default/nope/main", "GET", 404, 'pod "nope" does not exist'],
      ["/containerLogs/default/web/main?tailLines=-1", "GET", 422, '{"message": "Invalid request."}'],
      ["/containerLogs/default/web/main?sinceSeconds=5&sinceTime=2020-01-01T00:00:00Z", "GET", 422, '{"message": "Invalid request."}'],
    ];
    for (const [path, method, status, body] of matrix) {
      const answer = await ask(server, path, method);
      expect([path, method, answer.status, answer.body]).toEqual([path, method, status, body]);
    }
  });

  it("lists pods in Go's form, with a null probe time and no kind inside the list", async () => {
    const answer = await ask(await serve(), "/pods");
    expect(answer.contentType).toBe("application/json");
    expect(JSON.parse(answer.body)).toEqual({
      kind: "PodList",
      apiVersion: "v1",
      metadata: {},
      items: [
        {
          metadata: { name: "web", namespace: "default", uid: "u1" },
          status: { phase: "Running", conditions: [{ type: "Ready", status: "True", lastProbeTime: null }] },
        },
      ],
    });
  });

  it("lists running pods, metrics and an explanation", async () => {
    const server = await serve();
    expect(JSON.parse((await ask(server, "/runningpods/")).body)).toMatchObject({ items: [{ metadata: { name: "web" }, status: {} }] });
    expect(await ask(server, "/metrics")).toMatchObject({ status: 200, body: "up 1\n" });
    expect(JSON.parse((await ask(server, "/explain/pods/u1")).body)).toEqual({ waitsFor: "nothing" });
    expect((await ask(server, "/explain/pods/u2")).status).toBe(404);
    expect(JSON.parse((await ask(server, "/explain/pods/default/web")).body)).toEqual({ waitsFor: "nothing" });
    for (const path of ["/explain/pods/default/other", "/explain/pods/default/web/more", "/explain/pods", "/explain/nodes/u1"])
      expect([path, (await ask(server, path)).status]).toEqual([path, 404]);
  });

  it("says which health check fails, and withholds why", async () => {
    const answer = await ask(await serve({ unwell: true }), "/healthz");
    expect(answer.status).toBe(500);
    expect(answer.body).toBe("[+]ping ok\n[-]syncloop failed: reason withheld\nhealthz check failed\n");
  });

  it("passes every log option on, checked", async () => {
    const seen: ContainerLogRequest[] = [];
    const logs: LogsPort = {
      openLog: (target) => {
        seen.push(target);
        return Promise.resolve((async function* () {})());
      },
    };
    const server = await serve({ logs });
    await ask(server, "/containerLogs/ns/p/c?follow=true&previous=1&timestamps=t&sinceSeconds=10&limitBytes=7&stream=Stdout");
    await ask(server, "/containerLogs/ns/p/c?sinceTime=1970-01-01T00:00:05.123456789Z&tail=all&tailLines=3&follow=0");
    expect(seen).toEqual([
      {
        namespace: "ns",
        pod: "p",
        container: "c",
        follow: true,
        previous: true,
        timestamps: true,
        sinceTime: "1970-01-01T00:16:30.000Z",
        limitBytes: 7,
        stream: "stdout",
      },
      {
        namespace: "ns",
        pod: "p",
        container: "c",
        follow: false,
        previous: false,
        timestamps: false,
        sinceTime: "1970-01-01T00:00:05.123456789Z",
      },
    ]);
  });

  it("stops reading a log when the client goes away", async () => {
    const left = Promise.withResolvers<void>();
    const logs: LogsPort = {
      openLog: (_target, { signal }) => {
        signal.addEventListener("abort", () => left.resolve());
        return Promise.resolve(
          (async function* () {
            yield Buffer.from("first\n");
            await left.promise;
          })(),
        );
      },
    };
    const server = await serve({ logs });
    const sent = request({ host: "127.0.0.1", port: server.port, path: "/containerLogs/ns/p/c?follow=true", agent: false }, (response) => {
      response.on("error", () => undefined);
      response.once("data", () => sent.destroy());
    });
    sent.on("error", () => undefined);
    sent.end();
    await expect(left.promise).resolves.toBeUndefined();
  });

  it("ends followed logs when it closes", async () => {
    const logs: LogsPort = {
      openLog: (_target, { signal }) =>
        Promise.resolve(
          (async function* () {
            yield Buffer.from("first\n");
            await new Promise((resolve) => signal.addEventListener("abort", resolve));
          })(),
        ),
    };
    const server = await serve({ logs });
    const ended = new Promise<void>((resolve) => {
      const sent = request(
        { host: "127.0.0.1", port: server.port, path: "/containerLogs/ns/p/c?follow=true", agent: false },
        (response) => {
          response.on("error", () => resolve());
          response.on("close", () => resolve());
          response.once("data", () => void server[Symbol.asyncDispose]());
        },
      );
      sent.on("error", () => resolve());
      sent.end();
    });
    await expect(ended).resolves.toBeUndefined();
  });

  it("refuses more requests than its limit", async () => {
    const server = await serve({ maxRequests: 0 });
    expect((await ask(server, "/pods")).status).toBe(429);
  });

  it("serves what is not for strangers to callers on this host only", async () => {
    const own = Object.values(networkInterfaces())
      .flatMap((list) => list ?? [])
      .find(({ internal, family }) => !internal && family === "IPv4")?.address;
    expect([isLoopback("127.0.0.1"), isLoopback("::ffff:127.1.2.3"), isLoopback("::1")]).toEqual([true, true, true]);
    expect([isLoopback("192.0.2.1"), isLoopback("::ffff:192.0.2.1"), isLoopback("::127.0.0.1"), isLoopback(undefined)]).toEqual([
      false,
      false,
      false,
      false,
    ]);
    if (own === undefined) return;
    const server = await serve({ address: own });
    for (const path of ["/containerLogs/default/web/main", "/runningpods/", "/explain/pods/u1"]) {
      expect([path, await ask(server, path, "GET", own)]).toMatchObject([path, { status: 405, body: "Debug endpoints are disabled.\n" }]);
    }
    expect((await ask(server, "/pods", "GET", own)).status).toBe(200);
  });

  it("hides what went wrong inside, and answers 400 to a path that does not decode", async () => {
    const logs: LogsPort = { openLog: () => Promise.reject(new Error("secret path /var/lib/x")) };
    const server = await serve({ logs });
    expect(await ask(server, "/containerLogs/ns/p/c")).toMatchObject({ status: 500, body: "internal error" });
    expect((await ask(server, "/containerLogs/%E0%A4%A/p/c")).status).toBe(400);
  });

  it("says which address it cannot listen on", async () => {
    const server = await serve();
    await expect(openHttpServer({ address: "127.0.0.1", port: server.port, routes: [] })).rejects.toThrow(
      `listen on 127.0.0.1:${server.port} failed`,
    );
  });

  it("closes connections beyond its limit at once", async () => {
    const server = await openHttpServer({ address: "127.0.0.1", port: 0, routes: [], maxConnections: 1 });
    open.push(server);
    const first = connect(server.port, "127.0.0.1");
    await once(first, "connect");
    const second = connect(server.port, "127.0.0.1");
    await once(second, "close");
    expect(first.destroyed).toBe(false);
    first.destroy();
  });

  it("reads the whole log when it is asked for more seconds than there were", async () => {
    const seen: ContainerLogRequest[] = [];
    const logs: LogsPort = { openLog: (target, options) => (seen.push(target), twoLines.openLog(target, options)) };
    const server = await serve({ logs });
    expect((await ask(server, "/containerLogs/ns/web/c?sinceSeconds=999999999999999")).status).toBe(200);
    expect(seen[0]?.sinceTime).toBe("1970-01-01T00:00:00.000Z");
  });

  it("passes on only what the reader of a log takes: nanoseconds, and whole numbers that are exact", async () => {
    const seen: ContainerLogRequest[] = [];
    const logs: LogsPort = { openLog: (target, options) => (seen.push(target), twoLines.openLog(target, options)) };
    const server = await serve({ logs });
    const int64 = "9223372036854775807";
    await ask(server, `/containerLogs/ns/web/c?sinceTime=2024-02-29T23:00:00.12345678999Z&limitBytes=${int64}&tailLines=${int64}`);
    expect(seen[0]).toMatchObject({
      sinceTime: "2024-02-29T23:00:00.123456789Z",
      limitBytes: Number.MAX_SAFE_INTEGER,
      tailLines: Number.MAX_SAFE_INTEGER,
    });
    await ask(server, "/containerLogs/ns/web/c?sinceSeconds=9223372036854775807");
    expect(seen[1]?.sinceTime).toBe("1970-01-01T00:00:00.000Z");
    for (const query of ["limitBytes=9223372036854775808", "limitBytes=-9223372036854775809"])
      expect([query, (await ask(server, `/containerLogs/ns/web/c?${query}`)).status]).toEqual([query, 400]);
    expect((await ask(server, "/containerLogs/ns/web/c?limitBytes=-9223372036854775808")).status).toBe(422);
  });

  it.each([
    "2020",
    "-271820-01-01T00:00:00Z",
    "yesterday",
    "2020-01-01T00:00:00",
    "2024-01-01T24:00:00Z",
    "2023-02-29T00:00:00Z",
    "2024-01-00T00:00:00Z",
  ])("refuses %s as a time", async (time) => {
    const server = await serve();
    expect(await ask(server, `/containerLogs/ns/web/c?sinceTime=${encodeURIComponent(time)}`)).toMatchObject({ status: 400 });
  });
});
