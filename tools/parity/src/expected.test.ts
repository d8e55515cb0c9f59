import { describe, expect, it } from "vitest";
import { readFileSync } from "node:fs";
import { recordingNames } from "@nk/tool-recordings";
import type { Difference } from "./difference.ts";
import { ExpectedFileError, judge, listUnmetEverywhere, parseExpected } from "./expected.ts";

const difference: Difference = { section: "cri", path: "CreateContainer[main 0].config.log_path", recorded: "a", ours: "b" };
const names = ["p01-minimal", "p02-token"];

const judgeBy = (text: string, differences: readonly Difference[] = [difference]) =>
  judge("p01-minimal", differences, parseExpected(text, names));

describe("expected differences", () => {
  it("covers a difference by its path", () => {
    expect(judgeBy("p01-minimal | cri | CreateContainer[main 0].config.log_path | a reason")).toMatchObject({ unexpected: [], unmet: [] });
  });

  it("covers by a star in the path, and in place of the scenario", () => {
    expect(judgeBy("* | cri | CreateContainer[*].config.* | a reason")).toMatchObject({ unexpected: [], unmet: [] });
  });

  it("takes brackets and dots for what they are", () => {
    expect(judgeBy("p01-minimal | cri | CreateContainer[main 0]xconfig.log_path | a reason").unexpected).toEqual([difference]);
  });

  it("does not cover another section or scenario", () => {
    expect(judgeBy(`p01-minimal | logs | ${difference.path} | a reason`).unexpected).toEqual([difference]);
    expect(judgeBy(`p02-token | cri | ${difference.path} | a reason`).unexpected).toEqual([difference]);
  });

  it("that do not appear are as wrong as differences that are not expected", () => {
    const { unexpected, unmet } = judgeBy("p01-minimal | cri | StopContainer[main 0] | a reason", []);
    expect(unexpected).toEqual([]);
    expect(unmet).toMatchObject([{ path: "StopContainer[main 0]", line: 1 }]);
  });

  it("for any scenario must appear in one of them", () => {
    const expected = parseExpected("* | events | Normal Never* | a reason\n* | cri | CreateContainer* | a reason", names);
    const verdicts = [judge("p01-minimal", [difference], expected), judge("p02-token", [], expected)];
    expect(listUnmetEverywhere(expected, verdicts)).toMatchObject([{ line: 1 }]);
  });

  it.each([
    ["no reason", "p01-minimal | cri | StopContainer[main 0]"],
    ["a section that there is not", "p01-minimal | metrics | a | b"],
    ["a recording that there is not", "p99-none | cri | a | b"],
  ])("is refused with %s", (_what, line) => {
    expect(() => parseExpected(line, names)).toThrow(ExpectedFileError);
  });

  it("of this repository can be read, comments and empty lines apart", () => {
    const text = readFileSync(new URL("../expected-differences.txt", import.meta.url), "utf8");
    expect(() => parseExpected(text, recordingNames)).not.toThrow();
    expect(parseExpected("# a | b | c | d\n\n", names)).toEqual([]);
  });
});
