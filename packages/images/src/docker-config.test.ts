import { mkdtemp, mkdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRecordingLogger } from "@nk/stdx/testing";
import { describe, expect, it } from "vitest";
import { dockerConfigFromSecret, parseDockerConfig } from "./docker-config.ts";
import { createFileCredentials, listCredentialFiles } from "./node-credentials.ts";

const base64 = (text: string): string => Buffer.from(text).toString("base64");

describe("parseDockerConfig", () => {
  it.each([
    [{ auth: base64("me:pa:ss") }, { username: "me", password: "pa:ss" }],
    [{ auth: base64("me:pw\0\0") }, { username: "me", password: "pw" }],
    [{ auth: base64("me:pw").replace(/=+$/, "") }, { username: "me", password: "pw" }],
    [
      { username: "u", password: "p", email: "e" },
      { username: "u", password: "p" },
    ],
    [
      { username: "u", password: "p", auth: base64("me:pw") },
      { username: "me", password: "pw" },
    ],
    [{ identitytoken: "t" }, { identityToken: "t" }],
    [{ registrytoken: "t", auth: "" }, { registryToken: "t" }],
  ])("reads the login %j", (login, auth) => {
    const entries = [{ registry: "r.io", auth }];
    expect(parseDockerConfig(JSON.stringify({ auths: { "r.io": login } }), "config.json")).toEqual({ entries, problems: [] });
    expect(parseDockerConfig(JSON.stringify({ "r.io": login }), "dockercfg")).toEqual({ entries, problems: [] });
  });

  it.each(["{", "[]", '"hunter2"', '{"auths": 1}', '{"auths":{"r.io":{"auth":"hunter2"}}}', '{"auths":{"r.io":"hunter2"}}'])(
    "names what is wrong with %s and shows no value of it",
    (source) => {
      const { entries, problems } = parseDockerConfig(source, "config.json");
      expect(entries).toEqual([]);
      expect(problems).toHaveLength(1);
      expect(problems.join()).not.toContain("hunter2");
    },
  );

  it.each([
    ["blanks", `${" ".repeat(500_000)}!`, 0],
    ["padding", base64(`u:${"\0".repeat(300_000)}x`), 1],
  ])("is not held up by a login with very much %s", (_what, auth, count) => {
    expect(parseDockerConfig(JSON.stringify({ auths: { "r.io": { auth } } }), "config.json").entries).toHaveLength(count);
  });

  it("accepts a configuration without logins", () => {
    expect(parseDockerConfig('{"credsStore":"x"}', "config.json")).toEqual({ entries: [], problems: [] });
  });
});

describe("dockerConfigFromSecret", () => {
  it("reads both types of Secret and no other", () => {
    const json = base64('{"auths":{"r.io":{"username":"u","password":"p"}}}');
    const entries = [{ registry: "r.io", auth: { username: "u", password: "p" } }];
    expect(dockerConfigFromSecret({ type: "kubernetes.io/dockerconfigjson", data: { ".dockerconfigjson": json } })?.entries).toEqual(
      entries,
    );
    const old = base64('{"r.io":{"username":"u","password":"p"}}');
    expect(dockerConfigFromSecret({ type: "kubernetes.io/dockercfg", data: { ".dockercfg": old } })?.entries).toEqual(entries);
    expect(dockerConfigFromSecret({ type: "Opaque", data: { ".dockercfg": old } })).toBeUndefined();
    expect(dockerConfigFromSecret({ type: "kubernetes.io/dockercfg" })).toBeUndefined();
  });
});

describe("createFileCredentials", () => {
  it("uses the first file that can be read, in the reference's order, and sees a change at once", async () => {
    const root = await mkdtemp(join(tmpdir(), "nk-images-"));
    try {
      const files = listCredentialFiles({ rootDir: root, homeDir: join(root, "home") }).filter(({ path }) => path.startsWith(root));
      expect(files.map(({ path }) => path.slice(root.length))).toEqual([
        "/config.json",
        "/home/.docker/config.json",
        "/.dockercfg",
        "/home/.dockercfg",
      ]);
      const recorder = createRecordingLogger();
      const credentials = createFileCredentials(files, { logger: recorder });
      expect(await credentials.load({})).toEqual({ entries: [], problems: [] });
      await mkdir(join(root, "home/.docker"), { recursive: true });
      await writeFile(join(root, "home/.docker/config.json"), '{"auths":{"home.io":{"username":"u","password":"hunter2"}}}');
      await writeFile(join(root, "config.json"), "broken hunter2");
      expect((await credentials.load({})).entries.map((entry) => entry.registry)).toEqual(["home.io"]);
      expect(JSON.stringify(recorder)).not.toContain("hunter2");
      await writeFile(join(root, "config.json"), '{"auths":{"root.io":{"username":"u","password":"p"}}}');
      expect((await credentials.load({})).entries.map((entry) => entry.registry)).toEqual(["root.io"]);
    } finally {
      await rm(root, { recursive: true });
    }
  });
});
