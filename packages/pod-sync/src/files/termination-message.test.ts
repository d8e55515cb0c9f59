import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readTerminationMessage } from "./termination-message.ts";
import type { TerminationMessageInput } from "./termination-message.ts";

let directory: string;
let hostPath: string;
let logPath: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "nk-termination-"));
  hostPath = join(directory, "message");
  logPath = join(directory, "0.log");
});

afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

const read = (input: Partial<TerminationMessageInput> = {}): Promise<string> =>
  readTerminationMessage({ hostPath, logPath, policy: "FallbackToLogsOnError", exitCode: 1, reason: "Error", ...input });

const logLine = (text: string, tag = "F"): string => `2026-01-01T00:00:00.000000000Z stdout ${tag} ${text}\n`;

describe("termination message", () => {
  it("is the file's content, whatever the log says", async () => {
    await writeFile(hostPath, "from file");
    await writeFile(logPath, logLine("from log"));
    expect(await read()).toBe("from file");
  });

  it("is the last 4096 bytes of a longer file", async () => {
    await writeFile(hostPath, `${"a".repeat(5000)}end`);
    expect(await read()).toBe(`${"a".repeat(4093)}end`);
  });

  it("is the end of the log when the file is empty or missing", async () => {
    await writeFile(logPath, logLine("from log"));
    const missing = await read();
    await writeFile(hostPath, "");
    expect([missing, await read(), await read({ hostPath: undefined })]).toEqual(["from log\n", "from log\n", "from log\n"]);
  });

  it.each<[string, Partial<TerminationMessageInput>]>([
    ["the policy is File", { policy: "File" }],
    ["the container succeeded", { exitCode: 0 }],
    ["the container never ran", { reason: "ContainerCannotRun" }],
    ["the log's place is unknown", { logPath: undefined }],
  ])("is not taken from the log when %s", async (_why, input) => {
    await writeFile(logPath, logLine("from log"));
    expect(await read(input)).toBe("");
  });

  it("says that the log cannot be read", async () => {
    expect(await read()).toMatch(/^Error on reading termination message from logs: ENOENT/u);
  });

  it("takes at most 80 lines of the log", async () => {
    await writeFile(logPath, Array.from({ length: 100 }, (_, index) => logLine(`${index}`)).join(""));
    const lines = (await read()).split("\n");
    expect([lines[0], lines.length]).toEqual(["20", 81]);
  });

  it("takes at most 2048 bytes of the log, also of a line longer than what is read", async () => {
    await writeFile(logPath, logLine("x".repeat(100_000)) + logLine("end"));
    expect(await read()).toBe(`${"x".repeat(2043)}\nend\n`);
  });

  it("joins the parts of a split line and decodes UTF-8", async () => {
    await writeFile(logPath, logLine("zwei", "P") + logLine("fünf", "F") + logLine("", "F") + logLine("tagged", "F:x"));
    expect(await read()).toBe("zweifünf\n\ntagged\n");
  });

  it("does not follow a link that the container put in its file's place", async () => {
    await writeFile(join(directory, "secret"), "secret");
    await symlink(join(directory, "secret"), hostPath);
    expect(await read({ policy: "File" })).toMatch(/^Error on reading termination log \S+message: ELOOP/u);
  });

  it("reads no directory and no device", async () => {
    await mkdir(hostPath);
    expect(await read()).toBe(`Error on reading termination log ${hostPath}: open ${hostPath}: not a regular file`);
    expect(await read({ hostPath: "/dev/zero" })).toMatch(/not a regular file$/u);
  });
});
