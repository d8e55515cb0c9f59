import { describe, expect, it } from "vitest";
import { createEnvFileReader } from "./env-file.ts";

describe("an env file", () => {
  it.each([
    ["a plain value", "A='1'\n", "A", "1"],
    ["a value without a line's end", "A='1'", "A", "1"],
    ["the first of two", "A='1'\nA='2'\n", "A", "1"],
    ["a later variable", "  A='1'\n\tB='2'\n", "B", "2"],
    ["what is commented and blank", "# A='0'\n\n   \n  # more\nA='1' # why\n", "A", "1"],
    ["a value over several lines", "A='one\n  two\n\nthree'\nB='x'\n", "A", "one\n  two\n\nthree"],
    ["what comes after one", "A='one\nB=two'\nB='x'\n", "B", "x"],
    ["no expansion and no escape", "A='$B \\n \"x\"'\n", "A", '$B \\n "x"'],
    ["an equals sign in a value", "A='b=c'\n", "A", "b=c"],
    ["an empty value", "A=''\n", "A", ""],
    ["nothing where a space follows the equals sign", "A= 'x'\n", "A", ""],
    ["a variable after such a one", "A= 'x'\nB='y'\n", "B", "y"],
    ["lines that end as on Windows", "A='1'\r\nB='2'\r\n", "B", "2"],
    ["nothing of an empty file", "", "A", ""],
    ["nothing of a variable that is not there", "A='1'\n", "B", ""],
    ["a name with odd letters", "a.b-c='1'\n", "a.b-c", "1"],
    ["a variable before a line that is wrong", "A='1'\nB\n", "A", "1"],
    ["the longest line", `A='${"x".repeat(65_530)}'\n`, "A", "x".repeat(65_530)],
  ])("reads %s", (_name, text, key, value) => {
    expect(createEnvFileReader(text)(key)).toBe(value);
  });

  it.each([
    ["no equals sign", "# ok\nA\n", "line 2: missing '='"],
    ["no name", "='1'\n", "line 1: empty variable name"],
    ["a name of blanks", "#\n \t='1'\n", "line 2: empty variable name"],
    ["a space before the equals sign", "A ='1'\n", "line 1: whitespace before '=' is not allowed"],
    ["no quotes", "A=secret\n", "line 1: value must be enclosed in single quotes"],
    ["nothing at all", "A=\n", "line 1: value must be enclosed in single quotes"],
    ["double quotes", 'A="secret"\n', "line 1: value must be enclosed in single quotes"],
    ["more after the value", "A='1' secret\n", "line 1: unexpected content after closing quote"],
    ["a quote that is never closed", "B='0'\nA='secret\nmore\n", "line 2: unclosed single quote"],
    ["a line that is too long", `A='${"x".repeat(65_536)}'\n`, "line 1 is too long"],
  ])("refuses %s, and quotes none of it", (_name, text, why) => {
    const valueOf = createEnvFileReader(text);
    const read = (): string => valueOf("Z");
    expect(read).toThrow(why);
    // Again, and for whatever else is not in front of it.
    expect(read).toThrow(why);
    expect(() => valueOf("Y")).toThrow(why);
    expect(read).not.toThrow("secret");
  });

  it("is gone through once, in whatever order and however often its variables are asked for", () => {
    const count = 30_000;
    const valueOf = createEnvFileReader(Array.from({ length: count }, (_, index) => `V${index}='${index}'\n`).join(""));
    // Going through it for each would take minutes, in which nothing else is done.
    for (let index = count - 1; index >= 0; index -= 1) if (valueOf(`V${index}`) !== `${index}`) expect(index).toBe("its value");
    expect(valueOf("V0")).toBe("0");
    for (let index = 0; index < count; index += 1) if (valueOf(`missing${index}`) !== "") expect(index).toBe("missing");
  });

  it("has values before a line that is wrong after that was met", () => {
    const valueOf = createEnvFileReader("A='1'\nB='2'\nwrong\n");
    expect(() => valueOf("C")).toThrow("line 3");
    expect([valueOf("B"), valueOf("A")]).toEqual(["2", "1"]);
  });
});
