import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatNanosTimestamp, formatTimestamp, formatTimestampMicro, formatTimestampNano, parseTimestamp } from "./time.ts";

describe("timestamps", () => {
  it("cut fractions of a second off", () => {
    expect(formatTimestamp(1_795_255_475_999)).toBe("2026-11-21T10:04:35Z");
    expect(formatNanosTimestamp(1_795_255_475_999_999_999n)).toBe("2026-11-21T10:04:35Z");
    expect(formatTimestamp(0)).toBe("1970-01-01T00:00:00Z");
    expect(formatTimestamp(-1)).toBe("1969-12-31T23:59:59Z");
    expect(formatNanosTimestamp(-1n)).toBe("1969-12-31T23:59:59Z");
  });

  it("carry nine or six digits where asked", () => {
    expect(formatTimestampNano(1_795_255_475_262.838)).toBe("2026-11-21T10:04:35.262838000Z");
    expect(formatTimestampMicro(1_795_255_475_262.5)).toBe("2026-11-21T10:04:35.262500Z");
    expect(formatTimestampMicro(1_795_255_475_000)).toBe("2026-11-21T10:04:35.000000Z");
  });

  it("agree with Date over ten thousand years", () => {
    const lastMs = parseTimestamp("9999-12-31T23:59:59Z");
    fc.assert(
      fc.property(fc.integer({ min: -62_135_596_800_000, max: lastMs }), (epochMs) => {
        const expected = new Date(Math.floor(epochMs / 1000) * 1000).toISOString().replace(".000Z", "Z");
        expect(formatTimestamp(epochMs)).toBe(expected);
        expect(parseTimestamp(expected)).toBe(Math.floor(epochMs / 1000) * 1000);
      }),
    );
  });

  it.each([
    ["2026-11-21T10:04:35Z", 1_795_255_475_000],
    ["2026-11-21T11:04:35+01:00", 1_795_255_475_000],
    ["2026-11-21T10:04:35.25Z", 1_795_255_475_250],
    ["2024-02-29T00:00:00Z", 1_709_164_800_000],
  ])("are read from %s", (text, epochMs) => expect(parseTimestamp(text)).toBe(epochMs));

  it.each(["", "2026-11-21", "2026-02-30T00:00:00Z", "2026-13-01T00:00:00Z", "2026-11-21T24:00:00Z", "2026-11-21 10:04:35Z"])(
    "refuse %j",
    (text) => expect(() => parseTimestamp(text)).toThrow(expect.objectContaining({ code: "invalid-timestamp" })),
  );
});
