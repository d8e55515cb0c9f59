import { PodModelError } from "./errors.ts";

/** How a quantity was written, and so how it is written again: `500m`, `64Mi` or `1e3`. */
export type QuantityFormat = "DecimalSI" | "BinarySI" | "DecimalExponent";

/**
 * An exact amount, in billionths of its unit: nothing finer than a nano can be said, as in the reference (apimachinery, api/resource).
 * Plain data: safe to share, to compare by field and to put in a cache.
 */
export interface Quantity {
  readonly nanos: bigint;
  readonly format: QuantityFormat;
}

const NANOS_PER_UNIT = 1_000_000_000n;
const NANOS_PER_MILLI = 1_000_000n;
/** The largest value the reference stores; larger input is cut to it, not refused. */
const MAX_NANOS = (2n ** 63n - 1n) * NANOS_PER_UNIT;
/** Longer texts are refused unread: no real quantity needs more, and big powers are slow. */
const MAX_TEXT_LENGTH = 128;

const DECIMAL_EXPONENTS: { readonly [suffix: string]: number } = { n: -9, u: -6, m: -3, "": 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };
const BINARY_EXPONENTS: { readonly [suffix: string]: number } = { Ki: 10, Mi: 20, Gi: 30, Ti: 40, Pi: 50, Ei: 60 };
const DECIMAL_SUFFIXES = new Map(Object.entries(DECIMAL_EXPONENTS).map(([suffix, exponent]) => [exponent, suffix]));
const BINARY_SUFFIXES = Object.entries(BINARY_EXPONENTS).toReversed();

const SHAPE = /^([+-]?)(\d*)(?:\.(\d*))?(?:([eE][+-]?\d+)|([a-zA-Z]*))$/u;

const absolute = (value: bigint): bigint => (value < 0n ? -value : value);

/** Division that rounds away from zero, so that whoever asked for something gets something. */
const divideAway = (value: bigint, divisor: bigint): bigint => {
  const quotient = value / divisor;
  if (value % divisor === 0n) return quotient;
  return value < 0n ? quotient - 1n : quotient + 1n;
};

const invalid = (text: string, why: string): PodModelError =>
  new PodModelError("invalid-quantity", `parse quantity ${JSON.stringify(text.slice(0, 100))}: ${why}`, { text });

const readExponent = (text: string, exponentText: string): number => {
  const exponent = Number(exponentText.slice(1));
  if (Math.abs(exponent) > 1000) throw invalid(text, "the exponent is out of range");
  return exponent;
};

const readSuffix = (
  text: string,
  suffix: string,
): { readonly format: QuantityFormat; readonly base: 2n | 10n; readonly exponent: number } => {
  const binary = Object.hasOwn(BINARY_EXPONENTS, suffix) ? BINARY_EXPONENTS[suffix] : undefined;
  if (binary !== undefined) return { format: "BinarySI", base: 2n, exponent: binary };
  const decimal = Object.hasOwn(DECIMAL_EXPONENTS, suffix) ? DECIMAL_EXPONENTS[suffix] : undefined;
  if (decimal !== undefined) return { format: "DecimalSI", base: 10n, exponent: decimal };
  throw invalid(text, `unknown suffix ${JSON.stringify(suffix)}`);
};

const cap = (nanos: bigint): bigint => (nanos > MAX_NANOS ? MAX_NANOS : nanos < -MAX_NANOS ? -MAX_NANOS : nanos);

/**
 * Reads `250m`, `64Mi`, `1.5`, `1e3`, `2E`, `-1k` and the like. Digits finer than a nano round away from zero; values over 2^63-1 become
 * that. Throws {@link PodModelError} `invalid-quantity`.
 */
export const parseQuantity = (text: string): Quantity => {
  if (text.length > MAX_TEXT_LENGTH) throw invalid(text, `longer than ${MAX_TEXT_LENGTH} characters`);
  const match = SHAPE.exec(text);
  if (match === null) throw invalid(text, "expected a number with an optional suffix");
  const [, sign, whole = "", fraction = "", exponentText, suffix = ""] = match;
  if (whole.length + fraction.length === 0) throw invalid(text, "no digits");
  const scale =
    exponentText === undefined
      ? readSuffix(text, suffix)
      : { format: "DecimalExponent" as const, base: 10n as const, exponent: readExponent(text, exponentText) };
  let numerator = BigInt(whole + fraction) * NANOS_PER_UNIT;
  let denominator = 10n ** BigInt(fraction.length);
  if (scale.exponent >= 0) numerator *= scale.base ** BigInt(scale.exponent);
  else denominator *= scale.base ** BigInt(-scale.exponent);
  const magnitude = cap(divideAway(numerator, denominator));
  // A binary fraction of one unit has no binary spelling.
  const format = scale.format === "BinarySI" && magnitude > 0n && magnitude < NANOS_PER_UNIT ? "DecimalSI" : scale.format;
  return { nanos: sign === "-" ? -magnitude : magnitude, format };
};

/** A quantity of whole units, e.g. bytes. */
export const quantityOf = (units: bigint, format: QuantityFormat = "DecimalSI"): Quantity => ({ nanos: units * NANOS_PER_UNIT, format });

/** A quantity of thousandths, e.g. milli-CPUs. */
export const quantityOfMilli = (milli: bigint): Quantity => ({ nanos: milli * NANOS_PER_MILLI, format: "DecimalSI" });

/** The amount in whole units, rounded away from zero: `1500m` is 2. */
export const quantityValue = (quantity: Quantity): bigint => divideAway(quantity.nanos, NANOS_PER_UNIT);

/** The amount in thousandths, rounded away from zero: `1500m` is 1500. */
export const quantityMilliValue = (quantity: Quantity): bigint => divideAway(quantity.nanos, NANOS_PER_MILLI);

/** Sum. The first operand's format is kept, unless it is zero. */
export const addQuantities = (a: Quantity, b: Quantity): Quantity => ({
  nanos: cap(a.nanos + b.nanos),
  format: a.nanos === 0n ? b.format : a.format,
});

/** Difference; may be negative. The first operand's format is kept, unless it is zero. */
export const subtractQuantities = (a: Quantity, b: Quantity): Quantity => addQuantities(a, { nanos: -b.nanos, format: b.format });

/** Negative, zero or positive as `a` is less than, equal to or greater than `b`; formats do not matter. */
export const compareQuantities = (a: Quantity, b: Quantity): number => (a.nanos === b.nanos ? 0 : a.nanos < b.nanos ? -1 : 1);

const formatBinary = (units: bigint): string => {
  for (const [suffix, exponent] of BINARY_SUFFIXES) {
    const unit = 2n ** BigInt(exponent);
    if (units % unit === 0n) return `${units / unit}${suffix}`;
  }
  return `${units}`;
};

const formatDecimal = (nanos: bigint, format: QuantityFormat): string => {
  let [mantissa, exponent] = [nanos, -9];
  while (exponent < 18 && mantissa % 1000n === 0n) {
    mantissa /= 1000n;
    exponent += 3;
  }
  if (format === "DecimalExponent") return exponent === 0 ? `${mantissa}` : `${mantissa}e${exponent}`;
  return `${mantissa}${DECIMAL_SUFFIXES.get(exponent) ?? ""}`;
};

/**
 * The canonical spelling: no fraction, the largest suffix that keeps it exact; `0.5` becomes `500m`, `1024Ki` becomes `1Mi`. A binary
 * quantity under 1024 or with a fraction is spelt in decimal, as in the reference (Quantity.CanonicalizeBytes).
 */
export const formatQuantity = (quantity: Quantity): string => {
  const { nanos, format } = quantity;
  if (nanos === 0n) return "0";
  const isBinary = format === "BinarySI" && nanos % NANOS_PER_UNIT === 0n && absolute(nanos) >= 1024n * NANOS_PER_UNIT;
  return isBinary ? formatBinary(nanos / NANOS_PER_UNIT) : formatDecimal(nanos, format === "BinarySI" ? "DecimalSI" : format);
};

/** Rounds away from zero to whole thousandths, as the API server does to every value of a resource list. */
export const roundUpToMilli = (quantity: Quantity): Quantity => ({
  nanos: quantityMilliValue(quantity) * NANOS_PER_MILLI,
  format: quantity.format,
});
