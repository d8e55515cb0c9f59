import { createServer } from "node:http";
import type { IncomingHttpHeaders, ServerResponse } from "node:http";
import { createRecordingLogger } from "@nk/stdx/testing";
import { describe, expect, it } from "vitest";
import { commandsOf, manifest, namesOf, runSource } from "../test/running-source.ts";
import type { RunningSource } from "../test/running-source.ts";
import { createHttpSource } from "./http-source.ts";
import type { HttpSourceOptions } from "./options.ts";

/** A server whose next answers a test decides. */
interface Peer extends AsyncDisposable {
  readonly url: string;
  readonly requests: readonly IncomingHttpHeaders[];
  readonly paths: readonly (string | undefined)[];
  answer: (response: ServerResponse) => void;
}

const startPeer = async (): Promise<Peer> => {
  const requests: IncomingHttpHeaders[] = [];
  const paths: (string | undefined)[] = [];
  const peer: { answer: (response: ServerResponse) => void } = { answer: (response) => response.end(manifest("a")) };
  const server = createServer((request, response) => {
    requests.push(request.headers);
    paths.push(request.url);
    peer.answer(response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return Object.assign(peer, {
    url: `http://127.0.0.1:${port}/pods`,
    requests,
    paths,
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  });
};

const runHttpSource = (url: string, more: Partial<HttpSourceOptions> = {}): RunningSource =>
  runSource((listening) => createHttpSource({ url, nodeName: "n", intervalMs: 100, ...listening, ...more }));

describe("createHttpSource", () => {
  it("asks with its headers, and again each interval, and tells changes only", async () => {
    await using peer = await startPeer();
    await using source = runHttpSource(peer.url, { headers: { "X-Token": "s3cret", "X-List": ["a", "b"] } });
    const first = await source.until((s) => namesOf(s) === "a");
    expect(first).toMatchObject({ source: "http", problems: [] });
    expect(peer.requests[0]).toMatchObject({ "x-token": "s3cret", "x-list": "a, b", connection: "close" });
    const list = { apiVersion: "v1", kind: "PodList", items: [JSON.parse(manifest("a")), JSON.parse(manifest("b"))] as unknown[] };
    const asked = peer.requests.length;
    while (peer.requests.length < asked + 2) await new Promise((resolve) => setImmediate(resolve));
    expect(source.snapshots).toHaveLength(1);
    peer.answer = (response) => response.end(JSON.stringify(list));
    const second = await source.until((s) => namesOf(s) === "a b");
    expect(second.pods[0]).toBe(first.pods[0]);
  });

  it.each<readonly [string, (response: ServerResponse) => void, RegExp]>([
    ["a status that is not 200", (response) => response.writeHead(500).end(manifest("z")), /status 500$/u],
    ["a redirect", (response) => response.writeHead(302, { location: "http://127.0.0.1:1/" }).end(), /status 302$/u],
    [
      "a switch of protocols",
      (response) => response.socket?.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"),
      /status 101$/u,
    ],
    ["a closed connection", (response) => response.destroy(), /failed: ECONNRESET$/u],
    [
      "an answer cut off",
      (response) => response.writeHead(200, { "content-length": "99" }).write("{", () => response.destroy()),
      /failed: ECONNRESET$/u,
    ],
    [
      "an endless answer",
      (response) => {
        response.on("drain", () => response.write(Buffer.alloc(65_536, 32)));
        response.write(Buffer.alloc(65_536, 32));
      },
      /larger than the limit of 100000 bytes$/u,
    ],
    ["no answer in time", () => {}, /took longer than 60 ms$/u],
    ["something that is no pod", (response) => response.end("{}"), /^Required value$/u],
  ])("keeps the pods it had over %s", async (_what, answer, message) => {
    await using peer = await startPeer();
    await using source = runHttpSource(peer.url, { timeoutMs: 60, maxBodyBytes: 100_000 });
    await source.until((s) => namesOf(s) === "a");
    peer.answer = answer;
    const bad = await source.until((s) => s.problems.length > 0 && message.test(s.problems[0]?.message ?? ""));
    expect(namesOf(bad)).toBe("a");
    expect(bad.problems[0]?.location).toBe(peer.url);
    peer.answer = (response) => response.end(manifest("a", "new"));
    expect(commandsOf(await source.until((s) => s.problems.length === 0))).toBe("new");
  });

  it("takes an empty answer for no pods, and complains", async () => {
    await using peer = await startPeer();
    await using source = runHttpSource(peer.url);
    await source.until((s) => namesOf(s) === "a");
    peer.answer = (response) => response.end();
    expect(await source.until((s) => s.pods.length === 0)).toMatchObject({ problems: [{ message: "answer is empty" }] });
  });

  it("does not speak before it was answered once", async () => {
    await using peer = await startPeer();
    peer.answer = (response) => response.writeHead(503).end();
    await using source = runHttpSource(peer.url);
    await source.untilProblem(/status 503/u);
    expect(source.snapshots).toEqual([]);
    peer.answer = (response) => response.end(manifest("a"));
    expect(await source.until(() => true)).toMatchObject({ problems: [] });
  });

  it("shows neither header values nor the password and query of the URL", async () => {
    await using peer = await startPeer();
    peer.answer = (response) => response.writeHead(403).end();
    const logger = createRecordingLogger();
    const url = `${peer.url.replace("http://", "http://me:pa55word@")}?sig=t0ken#t0ken`;
    await using source = runHttpSource(url, { headers: { Authorization: "Bearer s3cret" }, logger });
    const problem = await source.untilProblem(/status 403/u);
    expect(problem.location).toBe(peer.url);
    expect(JSON.stringify([problem, logger])).not.toMatch(/s3cret|pa55word|t0ken/u);
    expect(peer.paths[0]).toBe("/pods?sig=t0ken");
    const invalid = (): unknown => createHttpSource({ url, nodeName: "n", headers: { "X-A": "s3cret\n" }, onSnapshot: () => {} });
    expect(invalid).toThrow(expect.objectContaining({ code: "invalid-option", message: 'create http source: header "X-A" is not valid' }));
  });

  it("keeps pods of URLs apart that differ in the query, and takes a new password for the same URL", async () => {
    await using peer = await startPeer();
    const uidAt = async (url: string): Promise<string | undefined> => {
      await using source = runHttpSource(url);
      return (await source.until(() => true)).pods[0]?.metadata?.uid;
    };
    const uid = await uidAt(`${peer.url}?rack=1`);
    expect(await uidAt(`${peer.url.replace("http://", "http://me:pa55word@")}?rack=1`)).toBe(uid);
    expect(await uidAt(`${peer.url}?rack=2`)).not.toBe(uid);
  });

  it("refuses an answer of more pods than it may take", async () => {
    await using peer = await startPeer();
    await using source = runHttpSource(peer.url, { maxPods: 1 });
    await source.until((s) => namesOf(s) === "a");
    peer.answer = (response) => response.end(`${manifest("a")}\n---\n${manifest("b")}`);
    const { pods, problems } = await source.until((s) => s.problems.length > 0);
    expect(pods).toHaveLength(1);
    expect(problems).toEqual([{ location: peer.url, message: "holds more than 1 documents; only so many can be taken from one URL" }]);
  });

  it.each([
    ["", "n"],
    ["not a url", "n"],
    ["file:///etc/passwd", "n"],
    ["http://x/", ""],
  ])("refuses URL %j for node %j", (url, nodeName) => {
    expect(() => createHttpSource({ url, nodeName, onSnapshot: () => {} })).toThrow(expect.objectContaining({ code: "invalid-option" }));
  });
});
