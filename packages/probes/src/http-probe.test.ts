import type { IncomingHttpHeaders, IncomingMessage, Server } from "node:http";
import http, { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { runProbe } from "./run-probe.ts";
import type { HttpHeader, ProbeAction } from "./spec.ts";

const host = "127.0.0.1";
const seen: IncomingMessage[] = [];
let server: Server | undefined;
let port = 0;

beforeAll(async () => {
  server = createServer((request, response) => {
    seen.push(request);
    request.socket.on("error", () => undefined);
    const location = { "/relative": "/end", "/absolute": `http://${host}:${port}/end`, "/away": "http://localhost/" }[request.url ?? ""];
    if (location === undefined) response.end();
    else response.writeHead(307, { location }).end();
  });
  server.on("clientError", (_error, socket) => void socket.destroy());
  await new Promise<void>((resolve) => server?.listen(0, host, resolve));
  port = (server.address() as AddressInfo).port;
});
afterAll(() => {
  server?.closeAllConnections();
  server?.close();
});
beforeEach(() => {
  seen.length = 0;
});

const get = (path: string, headers: readonly HttpHeader[] = []) => {
  const action: ProbeAction = { type: "httpGet", scheme: "http", port, path, headers };
  return runProbe({ action, timeoutMs: 5000 }, { host });
};

describe("an HTTP probe", () => {
  it.each([
    ["/", "/"],
    ["", "/"],
    ["a/b", "/a/b"],
    ["/a/../b//c", "/a/../b//c"],
    ["/a?b=c&d=%20", "/a?b=c&d=%20"],
    ["/a#b", "/a"],
    ['/a b/é"', "/a%20b/%C3%A9%22"],
    ["/100%", "/100%25"],
    ["//evil.example/a", "/a"],
    ["https://evil.example:1/a?b", "/a?b"],
  ])("asks for %j as %j", async (path, url) => {
    expect((await get(path)).verdict).toBe("success");
    expect(seen.map((request) => request.url)).toEqual([url]);
  });

  it("sends a header that is given twice twice", async () => {
    await get("/", [
      { name: "X-A", value: "1" },
      { name: "x-a", value: "2" },
    ]);
    expect(seen[0]?.headersDistinct["x-a"]).toEqual(["1", "2"]);
  });

  it("takes its own Host along to another path, and not to another URL", async () => {
    const hosts = async (path: string): Promise<readonly IncomingHttpHeaders["host"][]> => {
      seen.length = 0;
      await get(path, [{ name: "Host", value: "shop.example" }]);
      return seen.map(({ headers }) => headers.host);
    };
    expect([await hosts("/relative"), await hosts("/absolute")]).toEqual([
      ["shop.example", "shop.example"],
      ["shop.example", `${host}:${port}`],
    ]);
    expect((await get("/away")).verdict).toBe("warning");
  });

  it("goes past the agent, which a proxy of the host's may be in", async () => {
    const agent = http.globalAgent;
    http.globalAgent = new http.Agent();
    http.globalAgent.createConnection = () => {
      throw new Error("the agent was asked");
    };
    try {
      expect((await get("/")).verdict).toBe("success");
    } finally {
      http.globalAgent = agent;
    }
  });

  it("says something about whatever it is told to do", async () => {
    const text = fc.string({ unit: "binary", maxLength: 20 });
    const headers = fc.array(fc.record({ name: text, value: text }), { maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(text, headers, fc.constantFrom(host, "::1", "\0", ""), async (path, more, ownHost) => {
        const action: ProbeAction = {
          type: "httpGet",
          scheme: "http",
          port,
          path,
          headers: more,
          ...(ownHost !== undefined && { host: ownHost }),
        };
        const { verdict, output } = await runProbe({ action, timeoutMs: 2000 }, { host });
        expect(["success", "warning", "failure", "error"]).toContain(verdict);
        if (verdict !== "success") expect(output).not.toBe("");
      }),
      { numRuns: 200 },
    );
  });
});
