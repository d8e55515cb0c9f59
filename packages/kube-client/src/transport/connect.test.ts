import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { createKubeClient } from "../client.ts";
import { kinds } from "../kinds.ts";
import { createTestAuthority, startFakeApiServer } from "../testing/index.ts";
import type { TestAuthority } from "../testing/index.ts";

let authority: TestAuthority;
let dir: string;
beforeAll(async () => {
  authority = await createTestAuthority();
  dir = await mkdtemp(join(tmpdir(), "nk-connect-"));
});
afterAll(async () => {
  await authority[Symbol.asyncDispose]();
  await rm(dir, { recursive: true, force: true });
});

describe("a certificate authority in a file", () => {
  it.each(["", "\n", "no certificate"])("that holds %j is refused: nobody else's authority counts instead", async (text) => {
    const before = getCACertificates("default");
    // The server's certificate is one that the machine trusts.
    setDefaultCACertificates([authority.caPem]);
    onTestFinished(() => setDefaultCACertificates(before));
    await using server = await startFakeApiServer({ tls: { serving: await authority.issueServer(), caPem: authority.caPem } });
    server.put(kinds.nodes, { metadata: { name: "n" } });
    const file = join(dir, "ca.crt");
    await using client = createKubeClient({ access: { ...server.access(), ca: { file } }, maxRetries: 0 });
    await writeFile(file, text);
    await expect(client.get(kinds.nodes, { name: "n" })).rejects.toMatchObject({
      code: "credentials",
      message: `cannot get nodes n: cannot use the certificate authority ${file}: it holds no certificate`,
    });
    await writeFile(file, authority.caPem);
    expect(await client.get(kinds.nodes, { name: "n" })).toMatchObject({ metadata: { name: "n" } });
  });

  it("that is a pipe is refused rather than waited for", async () => {
    const file = join(dir, "pipe");
    await promisify(execFile)("mkfifo", [file]);
    await using client = createKubeClient({ access: { server: "https://127.0.0.1:1", ca: { file } } });
    await expect(client.get(kinds.nodes, { name: "n" })).rejects.toMatchObject({ code: "credentials" });
  });
});
