import { describe, expect, it } from "vitest";
import { parseLogLine } from "./log-line.ts";
import { padTimestamp, parseTimestampNanos } from "./timestamp.ts";

const parse = (text: string) => {
  const line = parseLogLine(Buffer.from(text));
  return line && { ...line, content: Buffer.from(line.content).toString() };
};

describe("parseLogLine", () => {
  it.each([
    ["2016-10-06T00:17:09.669794202Z stdout F hello\n", { stream: "stdout", isPartial: false, content: "hello\n" }],
    ["2016-10-06T00:17:09.669794202Z stderr P hel\n", { stream: "stderr", isPartial: true, content: "hel" }],
    ["2016-10-06T00:17:09.669794202Z stdout P:tag:x a b \n", { stream: "stdout", isPartial: true, content: "a b " }],
    ["2016-10-06T00:17:09.669794202Z stdout F \n", { stream: "stdout", isPartial: false, content: "\n" }],
    ["2016-10-06T00:17:09.669794202Z stdout F unfinished", { stream: "stdout", isPartial: false, content: "unfinished" }],
    ["2016-10-06T00:17:09.669794202Z stdout F a\r\n", { stream: "stdout", isPartial: false, content: "a\r\n" }],
  ])("reads %j", (text, expected) => {
    expect(parse(text)).toEqual({ timestamp: "2016-10-06T00:17:09.669794202Z", timestampNanos: 1475713029669794202n, ...expected });
  });

  it.each([
    "",
    "\n",
    "hello\n",
    "2016-10-06T00:17:09Z\n",
    "2016-10-06T00:17:09Z stdout\n",
    "2016-10-06T00:17:09Z stdout F\n",
    "2016-10-06T00:17:09Z stdin F x\n",
    "2016-10-06 00:17:09Z stdout F x\n",
    "2016-13-06T00:17:09Z stdout F x\n",
    `${"x".repeat(100_000)} stdout F x\n`,
    "\0\0\0\0\0\0",
  ])("refuses %j", (text) => {
    expect(parse(text)).toBeUndefined();
  });
});

describe("timestamps", () => {
  it.each([
    ["1970-01-01T00:00:00Z", 0n],
    ["1969-12-31T23:59:59.999999999Z", -1n],
    ["2000-02-29T12:00:00+02:00", 951818400000000000n],
    ["2026-11-21T12:13:14.5-03:30", 1795275794500000000n],
    ["2024-03-01T00:00:00.000000001Z", 1709251200000000001n],
  ])("%s is %s ns after the epoch", (text, nanos) => {
    expect(parseTimestampNanos(text)).toBe(nanos);
    expect(BigInt(Date.parse(text.replace(/(\.\d{3})\d*/, "$1"))) * 1_000_000n).toBe(
      nanos - (((nanos % 1_000_000n) + 1_000_000n) % 1_000_000n),
    );
  });

  it("are printed with nine decimals", () => {
    expect(padTimestamp("2026-11-21T12:13:14Z")).toBe("2026-11-21T12:13:14.000000000Z");
    expect(padTimestamp("2026-11-21T12:13:14.5-03:30")).toBe("2026-11-21T12:13:14.500000000-03:30");
    expect(padTimestamp("2026-11-21T12:13:14+01:00")).toBe("2026-11-21T12:13:14.000000000+01:00");
    expect(padTimestamp("2026-11-21T12:13:14.123456789Z")).toBe("2026-11-21T12:13:14.123456789Z");
  });
});
