import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  addQuantities,
  compareQuantities,
  formatQuantity,
  parseQuantity,
  quantityMilliValue,
  quantityOf,
  quantityOfMilli,
  quantityValue,
  roundUpToMilli,
  subtractQuantities,
} from "./quantity.ts";

/** Written, canonical spelling, value, milli-value. */
const TABLE: readonly (readonly [string, string, bigint, bigint])[] = [
  ["0", "0", 0n, 0n],
  ["-0", "0", 0n, 0n],
  ["0Mi", "0", 0n, 0n],
  ["1", "1", 1n, 1000n],
  ["+5", "5", 5n, 5000n],
  ["1.", "1", 1n, 1000n],
  [".5", "500m", 1n, 500n],
  ["0.5", "500m", 1n, 500n],
  ["-0.5", "-500m", -1n, -500n],
  ["100m", "100m", 1n, 100n],
  ["2000m", "2", 2n, 2000n],
  ["1500m", "1500m", 2n, 1500n],
  ["1u", "1u", 1n, 1n],
  ["1n", "1n", 1n, 1n],
  ["0.1n", "1n", 1n, 1n],
  ["1000", "1k", 1000n, 1_000_000n],
  ["1500", "1500", 1500n, 1_500_000n],
  ["12k", "12k", 12_000n, 12_000_000n],
  ["1000k", "1M", 1_000_000n, 1_000_000_000n],
  ["3G", "3G", 3_000_000_000n, 3_000_000_000_000n],
  ["4T", "4T", 4_000_000_000_000n, 4_000_000_000_000_000n],
  ["5P", "5P", 5_000_000_000_000_000n, 5_000_000_000_000_000_000n],
  ["6E", "6E", 6_000_000_000_000_000_000n, 6_000_000_000_000_000_000_000n],
  ["1Ki", "1Ki", 1024n, 1_024_000n],
  ["1024Ki", "1Mi", 1_048_576n, 1_048_576_000n],
  ["64Mi", "64Mi", 67_108_864n, 67_108_864_000n],
  ["1.5Gi", "1536Mi", 1_610_612_736n, 1_610_612_736_000n],
  ["0.5Ki", "512", 512n, 512_000n],
  ["0.5Mi", "512Ki", 524_288n, 524_288_000n],
  ["0.0001Ki", "102400u", 1n, 103n],
  ["2Ti", "2Ti", 2_199_023_255_552n, 2_199_023_255_552_000n],
  ["1Pi", "1Pi", 1_125_899_906_842_624n, 1_125_899_906_842_624_000n],
  ["1Ei", "1Ei", 1_152_921_504_606_846_976n, 1_152_921_504_606_846_976_000n],
  ["1e3", "1e3", 1000n, 1_000_000n],
  ["1E3", "1e3", 1000n, 1_000_000n],
  ["12e6", "12e6", 12_000_000n, 12_000_000_000n],
  ["1e-3", "1e-3", 1n, 1n],
  ["100e-2", "1", 1n, 1000n],
  ["1E", "1E", 10n ** 18n, 10n ** 21n],
  ["9Ei", "9223372036854775807", 2n ** 63n - 1n, (2n ** 63n - 1n) * 1000n],
  ["1e100", "9223372036854775807", 2n ** 63n - 1n, (2n ** 63n - 1n) * 1000n],
];

describe("parseQuantity", () => {
  it.each(TABLE)("reads %s, spelt %s", (...[text, canonical, value, milli]) => {
    const quantity = parseQuantity(text);
    expect(formatQuantity(quantity)).toBe(canonical);
    expect(quantityValue(quantity)).toBe(value);
    expect(quantityMilliValue(quantity)).toBe(milli);
  });

  it.each([
    "",
    " ",
    "1 ",
    " 1",
    "m",
    ".",
    "1.2.3",
    "1ki",
    "1mi",
    "1K",
    "1KB",
    "1e",
    "e3",
    "--1",
    "1i",
    "0x10",
    "1,5",
    "NaN",
    "Infinity",
    "1e99999",
    "1toString",
  ])("refuses %j with its text in the error", (text) => {
    expect(() => parseQuantity(text)).toThrow(expect.objectContaining({ code: "invalid-quantity", details: { text } }));
  });

  it("refuses a text that is too long without reading it", () => {
    expect(() => parseQuantity("1".repeat(1_000_000))).toThrow(/longer than 128 characters/u);
  });
});

const quantity = fc.record({
  nanos: fc.bigInt({ min: -(2n ** 80n), max: 2n ** 80n }),
  format: fc.constantFrom("DecimalSI" as const, "BinarySI" as const, "DecimalExponent" as const),
});

describe("quantity algebra", () => {
  it("reads back what it writes", () => {
    fc.assert(
      fc.property(quantity, (q) => {
        const again = parseQuantity(formatQuantity(q));
        expect(again.nanos).toBe(q.nanos);
        expect(formatQuantity(again)).toBe(formatQuantity(q));
      }),
    );
  });

  it("adds commutatively and associatively, and subtraction undoes addition", () => {
    fc.assert(
      fc.property(quantity, quantity, quantity, (a, b, c) => {
        expect(addQuantities(a, b).nanos).toBe(addQuantities(b, a).nanos);
        expect(addQuantities(addQuantities(a, b), c).nanos).toBe(addQuantities(a, addQuantities(b, c)).nanos);
        expect(subtractQuantities(addQuantities(a, b), b).nanos).toBe(a.nanos);
      }),
    );
  });

  it("orders totally, in step with addition", () => {
    fc.assert(
      fc.property(quantity, quantity, quantity, (a, b, c) => {
        expect(compareQuantities(a, b)).toBe(-compareQuantities(b, a) + 0);
        expect(compareQuantities(addQuantities(a, c), addQuantities(b, c))).toBe(compareQuantities(a, b));
      }),
    );
  });

  it("never rounds towards zero", () => {
    fc.assert(
      fc.property(quantity, (q) => {
        const magnitude = q.nanos < 0n ? -q.nanos : q.nanos;
        const value = quantityValue(q) < 0n ? -quantityValue(q) : quantityValue(q);
        expect(value * 1_000_000_000n).toBeGreaterThanOrEqual(magnitude);
        expect((value - 1n) * 1_000_000_000n).toBeLessThan(magnitude === 0n ? 1n : magnitude);
        expect(roundUpToMilli(q).nanos).toBe(quantityMilliValue(q) * 1_000_000n);
      }),
    );
  });

  it("takes the other format when the first operand is zero", () => {
    expect(formatQuantity(addQuantities(parseQuantity("0"), parseQuantity("64Mi")))).toBe("64Mi");
    expect(formatQuantity(quantityOf(1024n, "BinarySI"))).toBe("1Ki");
    expect(formatQuantity(quantityOfMilli(250n))).toBe("250m");
  });
});
