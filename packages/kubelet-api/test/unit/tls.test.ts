import { once } from "node:events";
import { mkdtemp, rename, symlink, writeFile } from "node:fs/promises";
import { Agent, request } from "node:https";
import { connect as connectTcp } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "node:tls";
import type { ConnectionOptions, TLSSocket } from "node:tls";
import { systemClock } from "@nk/stdx";
import { createFakeClock, createRecordingMetrics } from "@nk/stdx/testing";
import { describe, expect, it, vi } from "vitest";
import { createAuthenticator, openCaFile, openKeyPairFiles } from "../../src/index.ts";
import type { HttpServer, KeyPair } from "../../src/index.ts";
import { createChanging, createTestCa } from "../../src/testing/index.ts";
import { ask, untilClosed } from "./client.ts";
import { openNode } from "./node.ts";

const handshake = async (server: HttpServer, options: ConnectionOptions = {}): Promise<TLSSocket> => {
  const socket = connect({ host: "127.0.0.1", port: server.port, rejectUnauthorized: false, ...options });
  await once(socket, "secureConnect");
  return socket;
};

const servedName = async (server: HttpServer): Promise<string | string[] | undefined> => {
  const socket = await handshake(server);
  const { CN } = socket.getPeerCertificate().subject;
  socket.destroy();
  return CN;
};

/** Status of a request over an agent's kept connection; undefined when the connection is closed instead. */
const statusOver = (agent: Agent, server: HttpServer): Promise<number | undefined> =>
  new Promise((resolve) => {
    const sent = request({ host: "127.0.0.1", port: server.port, path: "/healthz", agent, rejectUnauthorized: false }, (response) => {
      response.resume().on("end", () => resolve(response.statusCode));
    });
    sent.on("error", () => resolve(undefined));
    sent.end();
  });

/** What OpenSSL and Node say of a handshake that came to nothing. */
const REFUSED = /alert|handshake|protocol|disconnected/;

const HOUR_MS = 3_600_000;

describe("client certificates", () => {
  it("give the user by common name and organizations", async () => {
    const metrics = createRecordingMetrics();
    await using node = await openNode({
      server: { authenticator: createAuthenticator({ x509: true, metrics }) },
      reviews: { mayAccess: ({ user }) => user.username === "alice" && user.groups.join() === "dev,ops,system:authenticated" },
    });
    const certificate = node.ca.issue({ commonName: "alice", organizations: ["dev", "ops"] });
    expect(await ask(node.server, { path: "/healthz", certificate })).toMatchObject({ status: 200 });
    const [asked] = node.reviews.asked;
    expect(asked).toMatchObject({
      user: { extra: { "authentication.kubernetes.io/credential-id": [expect.stringMatching(/^X509SHA256=[0-9a-f]{64}$/)] } },
    });
    const [seconds = 0] = metrics.observations("apiserver_client_certificate_expiration_seconds");
    expect(seconds).toBeGreaterThan(80_000);
  });

  it("do not count when they are expired, not valid yet, for servers only, without a name, or somebody else's", async () => {
    await using node = await openNode();
    const now = systemClock.nowMs();
    const stranger = createTestCa("cluster");
    const certificates: readonly KeyPair[] = [
      node.ca.issue({ commonName: "alice", notAfterMs: now - 1000 }),
      node.ca.issue({ commonName: "alice", notBeforeMs: now + HOUR_MS }),
      node.ca.issue({ commonName: "alice", purpose: "server" }),
      node.ca.issue({ commonName: "" }),
      stranger.issue({ commonName: "alice" }),
    ];
    for (const certificate of certificates) expect((await ask(node.server, { path: "/healthz", certificate })).status).toBe(401);
    expect(node.reviews.asked).toEqual([]);
    const fit = node.ca.issue({ commonName: "alice", purpose: "client" });
    expect((await ask(node.server, { path: "/healthz", certificate: fit })).status).toBe(200);
  });

  it("that do not count do not hinder a token, but anonymity", async () => {
    await using node = await openNode({ anonymous: true });
    const certificate = createTestCa("stranger").issue({ commonName: "alice" });
    expect((await ask(node.server, { path: "/healthz", certificate, token: "admin" })).status).toBe(200);
    expect((await ask(node.server, { path: "/healthz", certificate })).status).toBe(401);
    expect((await ask(node.server, { path: "/healthz" })).status).toBe(200);
  });

  it("expire on an open connection too", async () => {
    const clock = createFakeClock({ startMs: systemClock.nowMs() });
    await using node = await openNode({ server: { authenticator: createAuthenticator({ x509: true, clock }) } });
    const agent = new Agent({ keepAlive: true, maxSockets: 1, ...node.ca.issue({ commonName: "alice" }) });
    expect(await statusOver(agent, node.server)).toBe(200);
    await clock.advance(25 * HOUR_MS);
    expect(await statusOver(agent, node.server)).toBe(401);
    agent.destroy();
  });

  it("are judged by the bundle in force: a new one counts at once, the old one's connections end", async () => {
    const old = createTestCa("old");
    const next = createTestCa("next");
    const clientCa = createChanging(old.cert);
    await using node = await openNode({ server: { clientCa } });
    const agentOf = (pair: KeyPair): Agent => new Agent({ keepAlive: true, maxSockets: 1, ...pair });
    const [oldAgent, nextAgent] = [agentOf(old.issue({ commonName: "alice" })), agentOf(next.issue({ commonName: "alice" }))];
    expect([await statusOver(oldAgent, node.server), await statusOver(nextAgent, node.server)]).toEqual([200, 401]);
    clientCa.change(next.cert);
    const outcomes = [await statusOver(oldAgent, node.server), await statusOver(oldAgent, node.server)];
    // The kept connection may be closed under the request; a new one is refused. What never comes is 200.
    expect(outcomes).toContain(401);
    expect(outcomes).not.toContain(200);
    await statusOver(nextAgent, node.server);
    expect(await statusOver(nextAgent, node.server)).toBe(200);
    clientCa.change(`${old.cert}\n${next.cert}`);
    for (const agent of [oldAgent, nextAgent]) {
      await statusOver(agent, node.server);
      expect(await statusOver(agent, node.server)).toBe(200);
      agent.destroy();
    }
  });

  it("are not resumed with a session", async () => {
    await using node = await openNode();
    const sessions: Buffer[] = [];
    for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
      const first = connect({ host: "127.0.0.1", port: node.server.port, rejectUnauthorized: false, maxVersion });
      first.on("session", (session: Buffer) => sessions.push(session));
      await once(first, "secureConnect");
      first.write("GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
      await once(first.resume(), "end");
      const [session] = sessions;
      const second = await handshake(node.server, { maxVersion, ...(session === undefined ? {} : { session }) });
      expect(second.isSessionReused()).toBe(false);
      second.destroy();
    }
  });
});

describe("the serving certificate", () => {
  it("changes with its files, also behind a symbolic link, and stays while they make no sense", async () => {
    const directory = await mkdtemp(join(tmpdir(), "nk-tls-"));
    const ca = createTestCa("cluster");
    const write = async (name: string, commonName: string): Promise<void> => {
      const { cert, key } = ca.issue({ commonName });
      await writeFile(join(directory, `${name}.pem`), cert + key);
    };
    const point = async (name: string): Promise<void> => {
      await symlink(`${name}.pem`, join(directory, "next"));
      await rename(join(directory, "next"), join(directory, "current.pem"));
    };
    await write("one", "first");
    await point("one");
    const file = join(directory, "current.pem");
    using serving = await openKeyPairFiles({ certFile: file, keyFile: file });
    await using node = await openNode({ server: { serving } });
    expect(await servedName(node.server)).toBe("first");
    await write("two", "second");
    await point("two");
    await vi.waitFor(async () => expect(await servedName(node.server)).toBe("second"));
    await writeFile(file, "no certificate");
    await write("three", "third");
    expect(await servedName(node.server)).toBe("second");
    await point("three");
    await vi.waitFor(async () => expect(await servedName(node.server)).toBe("third"));
  });

  it("may come later: until then handshakes fail", async () => {
    const pair = createTestCa("cluster").issue({ commonName: "late" });
    const serving = createChanging<KeyPair | undefined>(undefined);
    await using node = await openNode({ server: { serving } });
    await expect(handshake(node.server)).rejects.toThrow(REFUSED);
    serving.change(pair);
    expect(await servedName(node.server)).toBe("late");
    serving.change({ cert: "nonsense", key: "nonsense" });
    expect(await servedName(node.server)).toBe("late");
  });

  it("is looked at again without any event, as a safety net", async () => {
    const directory = await mkdtemp(join(tmpdir(), "nk-tls-"));
    const elsewhere = await mkdtemp(join(tmpdir(), "nk-tls-"));
    const [one, two] = [createTestCa("one"), createTestCa("two")];
    await writeFile(join(elsewhere, "ca.pem"), one.cert);
    await symlink(join(elsewhere, "ca.pem"), join(directory, "ca.pem"));
    const clock = createFakeClock();
    using file = await openCaFile(join(directory, "ca.pem"), { clock });
    await writeFile(join(elsewhere, "ca.pem"), two.cert);
    const changed = new Promise<void>((resolve) => file.onChange(resolve));
    await clock.advance(60_000);
    await changed;
    expect(file.current().trim()).toBe(two.cert.trim());
  });

  it.each([
    ["nothing at all", ""],
    ["a broken certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"],
  ])("and the CA bundle are refused at the start when there is %s", async (_what, text) => {
    const path = join(await mkdtemp(join(tmpdir(), "nk-tls-")), "ca.pem");
    await writeFile(path, text);
    await expect(openCaFile(path)).rejects.toMatchObject({ code: "invalid-config" });
    await expect(openCaFile(`${path}.not-there`)).rejects.toMatchObject({ code: "invalid-config" });
    await expect(openKeyPairFiles({ certFile: path, keyFile: path })).rejects.toMatchObject({ code: "invalid-config" });
  });
});

describe("TLS settings", () => {
  it("set the lowest version, the suites and the groups", async () => {
    await using strict = await openNode({ server: { tls: { minVersion: "VersionTLS13", curvePreferences: [24] } } });
    await expect(handshake(strict.server, { maxVersion: "TLSv1.2" })).rejects.toThrow(REFUSED);
    await expect(handshake(strict.server, { ecdhCurve: "X25519" })).rejects.toThrow(REFUSED);
    (await handshake(strict.server, { ecdhCurve: "P-384" })).destroy();
    await using narrow = await openNode({ server: { tls: { cipherSuites: ["TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"] } } });
    await expect(handshake(narrow.server, { maxVersion: "TLSv1.2", ciphers: "ECDHE-ECDSA-AES128-GCM-SHA256" })).rejects.toThrow(REFUSED);
    const socket = await handshake(narrow.server, { maxVersion: "TLSv1.2" });
    expect(socket.getCipher().name).toBe("ECDHE-ECDSA-AES256-GCM-SHA384");
    socket.destroy();
  });

  it.each([{ minVersion: "SSLv3" }, { cipherSuites: ["TLS_RSA_WITH_RC4_128_SHA"] }, { curvePreferences: [1] }])(
    "that are not known are refused: %o",
    async (tls) => {
      await expect(openNode({ server: { tls } })).rejects.toMatchObject({ code: "invalid-config" });
    },
  );

  it("offer HTTP/1.1 and nothing else", async () => {
    await using node = await openNode();
    const socket = await handshake(node.server, { ALPNProtocols: ["h2", "http/1.1"] });
    expect(socket.alpnProtocol).toBe("http/1.1");
    socket.destroy();
    await expect(handshake(node.server, { ALPNProtocols: ["h2"] })).rejects.toThrow(REFUSED);
  });

  it("ask no client for a certificate when there is no client CA", async () => {
    const ca = createTestCa("cluster");
    await using node = await openNode({ hasClientCa: false });
    const certificate = ca.issue({ commonName: "alice" });
    expect((await ask(node.server, { path: "/healthz", certificate })).status).toBe(401);
    expect((await ask(node.server, { path: "/healthz", certificate, token: "admin" })).status).toBe(200);
  });
});

describe("a hostile peer of the handshake", () => {
  it("that sends garbage or nothing is cut off", async () => {
    await using node = await openNode({ server: { handshakeTimeoutMs: 800 } });
    // Plain HTTP; nothing; and the first bytes of a ClientHello that never goes on.
    const texts = ["GET / HTTP/1.1\r\nHost: x\r\n\r\n", "", Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00])];
    await Promise.all(
      texts.map(async (text) => {
        const socket = connectTcp(node.server.port, "127.0.0.1");
        const closed = untilClosed(socket);
        socket.write(text);
        await closed;
      }),
    );
    expect((await ask(node.server, { path: "/healthz", token: "admin" })).status).toBe(200);
  });
});
