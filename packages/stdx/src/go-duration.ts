import { StdxError } from "./errors.ts";

const NANOS_PER_UNIT: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  "\u00b5s": 1_000n,
  "\u03bcs": 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
};

/** Go holds a duration in a signed 64-bit count of nanoseconds: about 292 years. */
const LONGEST_NANOS = 2n ** 63n - 1n;

const WHOLE = /^([+-]?)((?:(?:\d+\.?\d*|\.\d+)(?:ns|us|\u00b5s|\u03bcs|ms|s|m|h))+)$/;
const TERM = /(\d*)\.?(\d*)(ns|us|\u00b5s|\u03bcs|ms|s|m|h)/g;

const invalid = (text: string): StdxError =>
  new StdxError("invalid-duration", `cannot read ${JSON.stringify(text)} as a duration like "1m30s"`);

/**
 * Reads what Go's `time.ParseDuration` reads ("1h2m3.5s", "300ms", "-1s", "0") into milliseconds, which may be fractional (exact to the
 * nanosecond up to some 12 days, to the microsecond beyond). Throws
 * "invalid-duration" for anything else, a number without a unit included.
 */
export const parseGoDuration = (text: string): number => {
  if (/^[+-]?0$/.test(text)) return 0;
  const match = WHOLE.exec(text);
  if (match === null) throw invalid(text);
  let nanos = 0n;
  for (const [, whole = "", fraction = "", unit = ""] of (match[2] ?? "").matchAll(TERM)) {
    const unitNanos = NANOS_PER_UNIT[unit] ?? 0n;
    nanos += BigInt(whole || "0") * unitNanos;
    // Digits below a nanosecond are cut off.
    if (fraction !== "") nanos += (BigInt(fraction) * unitNanos) / 10n ** BigInt(fraction.length);
  }
  if (nanos > LONGEST_NANOS) throw invalid(text);
  const ms = Number(nanos) / 1e6;
  return match[1] === "-" ? -ms : ms;
};

const formatDecimal = (value: bigint, digits: number): string => {
  const scale = 10n ** BigInt(digits);
  const fraction = (value % scale).toString().padStart(digits, "0").replace(/0+$/, "");
  return fraction === "" ? `${value / scale}` : `${value / scale}.${fraction}`;
};

const formatNanos = (nanos: bigint): string => {
  if (nanos === 0n) return "0s";
  if (nanos < 1_000n) return `${nanos}ns`;
  if (nanos < 1_000_000n) return `${formatDecimal(nanos, 3)}\u00b5s`;
  if (nanos < 1_000_000_000n) return `${formatDecimal(nanos, 6)}ms`;
  const minutes = nanos / 60_000_000_000n;
  const seconds = `${formatDecimal(nanos % 60_000_000_000n, 9)}s`;
  if (minutes === 0n) return seconds;
  return minutes < 60n ? `${minutes}m${seconds}` : `${minutes / 60n}h${minutes % 60n}m${seconds}`;
};

/** Prints milliseconds as Go's `Duration.String` does: "1m30s", "2m0s", "1.5s", "300ms", "1h0m0s", "0s". Throws for NaN and infinities. */
export const formatGoDuration = (durationMs: number): string => {
  if (!Number.isFinite(durationMs)) throw new StdxError("invalid-duration", `cannot print ${durationMs} ms as a duration`);
  const wholeMs = Math.trunc(durationMs);
  // The parts are scaled apart: above 2^53 ns one product would lose nanoseconds.
  const nanos = BigInt(wholeMs) * 1_000_000n + BigInt(Math.round((durationMs - wholeMs) * 1e6));
  return nanos < 0n ? `-${formatNanos(-nanos)}` : formatNanos(nanos);
};
