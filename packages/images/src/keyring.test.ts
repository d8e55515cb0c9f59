import { describe, expect, it } from "vitest";
import type { DockerConfig } from "./docker-config.ts";
import { fingerprintCredentials, lookUpCredentials } from "./keyring.ts";

const config = (...registries: string[]): DockerConfig => ({
  entries: registries.map((registry) => ({ registry, auth: { username: registry, password: "p" } })),
  problems: [],
});

const find = (repository: string, ...registries: string[]): (string | undefined)[] =>
  lookUpCredentials(repository, { pullSecrets: [config(...registries)], node: undefined }).map((auth) => auth.username);

describe("lookUpCredentials", () => {
  it.each([
    ["r.io/team/app", ["r.io"], ["r.io"]],
    [
      "r.io/team/app",
      ["https://r.io/v2/", "http://r.io/v1/team", "https://r.io/"],
      ["http://r.io/v1/team", "https://r.io/v2/", "https://r.io/"],
    ],
    ["r.io/team/app", ["r.io", "r.io/team", "r.io/team/app", "r.io/other"], ["r.io/team/app", "r.io/team", "r.io"]],
    ["a.r.io/app", ["*.r.io", "a.r.io", "r.io"], ["a.r.io", "*.r.io"]],
    ["a.b.r.io/app", ["*.r.io"], []],
    ["x1.r.io/app", ["x?.r.io", "x[0-9].r.io", "y?.r.io", "x[^0-9].r.io"], ["x[0-9].r.io", "x?.r.io"]],
    ["r.io:5000/app", ["r.io", "r.io:5000", "r.io:5001", "*:5000", "*.io:5000"], ["r.io:5000", "*.io:5000"]],
    ["r.io/app", ["r.io:5000"], []],
    ["docker.io/library/app", ["https://index.docker.io/v1/"], ["https://index.docker.io/v1/"]],
    ["docker.io/me/app", ["docker.io/me", "index.docker.io"], ["docker.io/me"]],
    ["quay.io/app", ["https://index.docker.io/v1/"], []],
    ["r.io/app", ["", "/", "[", "r.io("], []],
  ])("gives %s the logins it may use out of %j", (repository, registries, expected) => {
    expect(find(repository, ...registries)).toEqual(expected);
  });

  it.each([
    ["*a".repeat(30) + "b.io", false],
    ["*a".repeat(30) + "*.io", true],
    ["*".repeat(100_000) + ".io", true],
    ["[".repeat(500_000) + ".io", false],
    ["*?[a-z]*".repeat(50_000) + ".io", false],
  ])("is not held up by a glob that its author made to be slow (case %#)", (registry, isFound) => {
    expect(find(`${"a".repeat(200)}.io/app`, registry)).toHaveLength(isFound ? 1 : 0);
  });

  it.each([
    ["abcabc.io", "*abc.io", true],
    ["abab.io", "*ab.io", true],
    ["abac.io", "*ab.io", false],
    ["abc.io", "a*b*c.io", true],
    ["ac.io", "a?c.io", false],
    ["abc.io", "abc*.io", true],
    ["abc.io", "*.io*", true],
    ["a-z.io", "a[x-]z.io", true],
    ["a.io", "[z-a].io", false],
  ])("takes %s for a match of %s: %s", (host, glob, isFound) => {
    expect(find(`${host}/app`, glob)).toHaveLength(isFound ? 1 : 0);
  });

  it("tries the pod's secrets before the node's logins, and an equal login once", () => {
    const found = lookUpCredentials("r.io/team/app", { pullSecrets: [config("r.io")], node: config("r.io/team", "r.io") });
    expect(found.map((auth) => auth.username)).toEqual(["r.io", "r.io/team"]);
  });

  it("tells lists of logins apart without holding them", () => {
    const one = fingerprintCredentials([{ username: "u", password: "hunter2" }]);
    expect(one).not.toEqual(fingerprintCredentials([{ username: "u", password: "hunter3" }]));
    expect(one).not.toContain("hunter2");
  });
});
