import { PodModelError } from "./errors.ts";
import type { Timestamp } from "./gen/core-v1.ts";

const NANOS_PER_SECOND = 1_000_000_000n;
const SECONDS_PER_DAY = 86_400;

const pad = (value: number, width: number): string => `${value}`.padStart(width, "0");

/**
 * Calendar date of a day counted from 1970-01-01, by the usual era arithmetic (years start in March, so the leap day is last). Written
 * out because `Date` is kept to the clock in this repository.
 */
const dateOfDay = (day: number): { readonly year: number; readonly month: number; readonly dayOfMonth: number } => {
  const shifted = day + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    dayOfMonth: dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1,
  };
};

const dayOfDate = (year: number, month: number, dayOfMonth: number): number => {
  const shiftedYear = month <= 2 ? year - 1 : year;
  const era = Math.floor(shiftedYear / 400);
  const yearOfEra = shiftedYear - era * 400;
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + dayOfMonth - 1;
  return era * 146_097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 719_468;
};

const formatSecond = (epochSeconds: number): string => {
  const day = Math.floor(epochSeconds / SECONDS_PER_DAY);
  const second = epochSeconds - day * SECONDS_PER_DAY;
  const { year, month, dayOfMonth } = dateOfDay(day);
  const time = [Math.floor(second / 3600), Math.floor(second / 60) % 60, second % 60].map((part) => pad(part, 2)).join(":");
  return `${pad(year, 4)}-${pad(month, 2)}-${pad(dayOfMonth, 2)}T${time}`;
};

/** RFC 3339 in UTC from epoch milliseconds; fractions of a second are cut off, not rounded, as metav1.Time does. */
export const formatTimestamp = (epochMs: number): Timestamp => `${formatSecond(Math.floor(epochMs / 1000))}Z`;

/** The same from epoch nanoseconds, which is what the runtime reports. */
export const formatNanosTimestamp = (epochNanos: bigint): Timestamp => {
  const seconds = epochNanos / NANOS_PER_SECOND;
  return `${formatSecond(Number(epochNanos % NANOS_PER_SECOND < 0n ? seconds - 1n : seconds))}Z`;
};

/** Always nine digits after the second: the form of `kubernetes.io/config.seen` (RFC3339NanoFixed) and of the CRI log. */
export const formatTimestampNano = (epochMs: number): Timestamp => {
  const micros = Math.round(epochMs * 1000);
  const seconds = Math.floor(micros / 1_000_000);
  return `${formatSecond(seconds)}.${pad(micros - seconds * 1_000_000, 6)}000Z`;
};

/** Six digits after the second: metav1.MicroTime, as in leases and events. */
export const formatTimestampMicro = (epochMs: number): Timestamp => formatTimestampNano(epochMs).replace("000Z", "Z");

const SHAPE = /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:([Zz])|([+-])(\d\d):(\d\d))$/u;

/** Epoch milliseconds (with a fraction where the text has more digits). Throws {@link PodModelError} `invalid-timestamp`. */
export const parseTimestamp = (text: string): number => {
  const match = SHAPE.exec(text);
  const numbers = match?.slice(1, 7).map(Number) ?? [];
  const [year = 0, month = 0, dayOfMonth = 0, hour = 0, minute = 0, second = 0] = numbers;
  const day = dayOfDate(year, month, dayOfMonth);
  const back = dateOfDay(day);
  const isReal = back.year === year && back.month === month && back.dayOfMonth === dayOfMonth;
  if (match === null || !isReal || hour > 23 || minute > 59 || second > 59) {
    throw new PodModelError("invalid-timestamp", `parse time ${JSON.stringify(text.slice(0, 100))}: expected RFC 3339`, { text });
  }
  const offsetMinutes = match[9] === undefined ? 0 : (match[9] === "-" ? -1 : 1) * (Number(match[10]) * 60 + Number(match[11]));
  const fractionMs = match[7] === undefined ? 0 : Number(`0.${match[7]}`) * 1000;
  return (day * SECONDS_PER_DAY + hour * 3600 + (minute - offsetMinutes) * 60 + second) * 1000 + fractionMs;
};
