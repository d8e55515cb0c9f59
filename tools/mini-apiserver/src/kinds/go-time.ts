import { formatTimestamp, formatTimestampMicro, parseTimestamp } from "@nk/pod-model";
import { DecodeError } from "./decode-error.ts";

/** What stands where in a time, as Go's layouts name it. */
type Element = readonly [layout: string, shape: RegExp];

const DATE: readonly Element[] = [
  ["2006", /^\d{4}/u],
  ["-", /^-/u],
  ["01", /^\d\d/u],
  ["-", /^-/u],
  ["02", /^\d\d/u],
  ["T", /^T/u],
  ["15", /^\d\d/u],
  [":", /^:/u],
  ["04", /^\d\d/u],
  [":", /^:/u],
  ["05", /^\d\d/u],
];
const ZONE: Element = ["Z07:00", /^(?:Z|[+-]\d\d:\d\d)/u];

/** Any fraction of a second, or none. */
const SECONDS: readonly Element[] = [...DATE, ["", /^(?:[.,]\d+)?/u], ZONE];
/** Six digits, no more and no fewer: what is sloppy here is refused by the reference. */
const MICROS: readonly Element[] = [...DATE, [".000000", /^\.\d{6}/u], ZONE];

const layoutOf = (elements: readonly Element[]): string => elements.map(([layout]) => layout).join("");

const checkLayout = (text: string, elements: readonly Element[]): void => {
  let rest = text;
  for (const [layout, shape] of elements) {
    const match = shape.exec(rest);
    if (match === null) {
      const what = `cannot parse ${JSON.stringify(rest)} as ${JSON.stringify(layout)}`;
      throw new DecodeError(`parsing time ${JSON.stringify(text)} as ${JSON.stringify(layoutOf(elements))}: ${what}`);
    }
    rest = rest.slice(match[0].length);
  }
  if (rest !== "") throw new DecodeError(`parsing time ${JSON.stringify(text)}: extra text: ${JSON.stringify(rest)}`);
};

const rangeProblem = (text: string): string => {
  const [month = 0, , hour = 0, minute = 0, second = 0] = [5, 8, 11, 14, 17].map((at) => Number(text.slice(at, at + 2)));
  if (month < 1 || month > 12) return "month";
  if (hour > 23) return "hour";
  if (minute > 59) return "minute";
  return second > 59 ? "second" : "day";
};

const readTime = (text: unknown, elements: readonly Element[], format: (epochMs: number) => string): string => {
  if (typeof text !== "string")
    throw new DecodeError(`json: cannot unmarshal ${Array.isArray(text) ? "array" : typeof text} into Go value of type string`);
  checkLayout(text, elements);
  try {
    return format(parseTimestamp(text.replace(",", ".")));
  } catch {
    throw new DecodeError(`parsing time ${JSON.stringify(text)}: ${rangeProblem(text)} out of range`);
  }
};

const PLAIN = /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:Z|\.\d{6}Z)$/u;

/** A metav1.Time, cut to seconds, in UTC. @throws DecodeError */
export const readSeconds = (text: unknown): string =>
  // Nearly all are canonical already.
  typeof text === "string" && text.length === 20 && PLAIN.test(text) ? text : readTime(text, SECONDS, formatTimestamp);

/** A metav1.MicroTime in UTC. @throws DecodeError */
export const readMicros = (text: unknown): string =>
  typeof text === "string" && text.length === 27 && PLAIN.test(text) ? text : readTime(text, MICROS, formatTimestampMicro);
