import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CniError } from "./errors.ts";
import { findDuplicateKeys, parseJsonText } from "./json-text.ts";
import { parseNetworkConfig, parsePluginConfig } from "./network-config.ts";
import { parseCacheEntry } from "./result-cache.ts";
import { parseResult } from "./result.ts";

describe("a JSON text", () => {
  it.each([
    ['{"a": 1,}', "it is not JSON from line 1, column 9 on"],
    ['{\n  "a": [1 2]\n}', "it is not JSON from line 2, column 11 on"],
    ['{"a" 1}', "it is not JSON from line 1, column 6 on"],
    ["{'a': 1}", "it is not JSON from line 1, column 2 on"],
    ["{a: 1}", "it is not JSON from line 1, column 2 on"],
    ['{"a": "x', "it is not JSON from line 1, column 7 on"],
    ['{"a": 01}', "it is not JSON from line 1, column 8 on"],
    ["{}\n{}", "it is not JSON from line 2, column 1 on"],
    ["[1, 2", "it is not JSON from line 1, column 6 on"],
    ["[}", "it is not JSON from line 1, column 2 on"],
    ["\uFEFF{}", "it is not JSON from line 1, column 1 on"],
    ['{\n"a": 1 // why\n}', "it has a comment in line 2, and JSON has no comments"],
    ['{"url": "http://x", /* why */ "b": 1}', "it has a comment in line 1, and JSON has no comments"],
    ['{\n"url": "http://x",\n}', "it is not JSON from line 3, column 1 on"],
    [" \n", "it is empty"],
  ])("that reads %j has a problem at its place", (text, problem) => expect(parseJsonText(text)).toEqual({ problem }));

  it("is never quoted by its problem, for it may hold secrets", () => {
    const parsed = parseJsonText('{"token": "s3cret" "x": 1}');
    expect("problem" in parsed ? parsed.problem : "").not.toMatch(/s3cret|token/);
  });

  it("that was damaged anywhere is either still JSON or has a place within it", () => {
    fc.assert(
      fc.property(fc.json(), fc.nat(), fc.constantFrom("", ",", "}", '"', "x", "\n"), (json, at, insertion) => {
        const index = at % (json.length + 1);
        const text = json.slice(0, index) + insertion + json.slice(index + 1);
        const parsed = parseJsonText(text);
        if ("value" in parsed) expect(parsed.value).toEqual(JSON.parse(text));
        else expect(parsed.problem).toMatch(/^it (is empty|is not JSON from line \d+, column \d+ on|has a comment in line \d+)/);
      }),
    );
  });

  it.each([
    ["quotes that are never closed", `{"a": "${'\\"'.repeat(250_000)}`, "it is not JSON from line 1, column 7 on"],
    ["comments that are never closed", `{} ${"/* ".repeat(300_000)}`, "it has a comment in line 1, and JSON has no comments"],
  ])("with half a megabyte of %s holds nobody up", { timeout: 5_000 }, (_what, text, problem) => {
    expect(parseJsonText(text)).toEqual({ problem });
    expect(findDuplicateKeys(text)).toEqual([]);
  });

  it("with ten thousands of keys that stand twice has a line for each", { timeout: 5_000 }, () => {
    const duplicates = findDuplicateKeys(`{${'"a":\n1,'.repeat(100_000)}"a":1}`);
    expect(duplicates).toHaveLength(100_000);
    expect(duplicates.at(-1)).toEqual({ key: "a", line: 100_001 });
  });

  it("shows keys that stand twice in one object, and not those of different objects", () =>
    expect(findDuplicateKeys('{"a": {"b": 1, "c": [{"b": 2}, {"b": "a"}]},\n "\\u0061": 3}')).toEqual([{ key: "a", line: 2 }]));
});

describe("whatever a file or a plugin says", () => {
  const readers: readonly (readonly [string, (text: string) => unknown])[] = [
    ["a network", (text) => parseNetworkConfig(text)],
    ["a plugin's configuration", (text) => parsePluginConfig(text)],
    ["a cached result", (text) => parseCacheEntry(text, { networkName: "n", containerId: "c", ifName: "i" })],
    ["a result", (text) => parseResult(JSON.parse(text) as unknown)],
  ];
  const word = fc.constantFrom(
    "name",
    "type",
    "plugins",
    "cniVersion",
    "cniVersions",
    "ips",
    "ip4",
    "address",
    "kind",
    "result",
    "dns",
    "capabilities",
    "__proto__",
    "constructor",
  );
  const value = fc.letrec((tie) => ({
    node: fc.oneof(
      { depthSize: "small" },
      fc.constantFrom<unknown>(null, true, 0, -1.5, "", "1.1.0", "0.2.0", "9.9.9", "net", "10.1.0.5/16", "cniCacheV1"),
      fc.array(tie("node"), { maxLength: 3 }),
      fc.dictionary(word, tie("node"), { maxKeys: 5 }),
    ),
  })).node;

  const DEEP = `${"[".repeat(50_000)}${"]".repeat(50_000)}`;
  it.each([
    ["a network", () => parseNetworkConfig(`{"name": "x", "plugins": [${DEEP}]}`), "plugins[0] must be an object, not a list"],
    ["a plugin's configuration", () => parsePluginConfig(`{"type": ${DEEP}}`), "type must be a string, not a list"],
    ["a capability", () => parsePluginConfig(`{"type": "a", "capabilities": {"mac": ${DEEP}}}`), "must be true or false, not a list"],
    ["a cached result", () => parseCacheEntry(`{"kind": ${DEEP}}`, { networkName: "n", containerId: "c", ifName: "i" }), "kind a list"],
    ["a result", () => parseResult(JSON.parse(`{"cniVersion": "1.0.0", "ips": [${DEEP}]}`)), "ips[0] must be an object, not a list"],
  ])("%s that is nested too deeply is refused with a CniError", (_name, read, message) =>
    expect(read).toThrow(expect.objectContaining({ name: "CniError", message: expect.stringContaining(message) as unknown }) as Error),
  );

  it.each(readers)("%s is read, or refused with a CniError", (_name, read) => {
    fc.assert(
      fc.property(value, (json) => {
        try {
          read(JSON.stringify(json));
        } catch (error) {
          expect(error).toBeInstanceOf(CniError);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});
