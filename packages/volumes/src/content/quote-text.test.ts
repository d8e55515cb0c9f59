import { describe, expect, it } from "vitest";
import { formatMap } from "./downward-files.ts";
import { quoteText } from "./quote-text.ts";

describe("a quoted text", () => {
  it.each([
    ["plain", '"plain"'],
    ['say "hi" \\ there', String.raw`"say \"hi\" \\ there"`],
    ["\x07\b\f\n\r\t\v", String.raw`"\a\b\f\n\r\t\v"`],
    ["\0\x1f\x7f", String.raw`"\x00\x1f\x7f"`],
    ["\u0080\u00a0\u00ad\ufeff\u2028", String.raw`"\u0080\u00a0\u00ad\ufeff\u2028"`],
    ["é 日本 \u{1f600}", '"é 日本 \u{1f600}"'],
    ["\u{e0001}\u{10ffff}", String.raw`"\U000e0001\U0010ffff"`],
    ["\ud800", '"\ufffd"'],
  ])("of %j is as Go writes it", (text, quoted) => {
    expect(quoteText(text)).toBe(quoted);
  });

  it("is the value of each line of a map, by sorted keys", () => {
    expect(formatMap({ b: "2", "a.io/x": "1\n", B: "3" })).toBe('B="3"\na.io/x="1\\n"\nb="2"');
    expect(formatMap(undefined)).toBe("");
  });
});
