const RFC3339 = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:Z|([+-])(\d\d):(\d\d))$/;
const DAY_SECONDS = 86_400;

/** Days since 1970-01-01 of a date in the Gregorian calendar; years begin in March so that the leap day comes last. */
const epochDay = ({ year, month, day }: { readonly year: number; readonly month: number; readonly day: number }): number => {
  const shiftedYear = month <= 2 ? year - 1 : year;
  const era = Math.floor(shiftedYear / 400);
  const yearOfEra = shiftedYear - era * 400;
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
};

/** Nanoseconds since the epoch of an RFC 3339 time with up to nine decimals; undefined when it is not one. */
export const parseTimestampNanos = (text: string): bigint | undefined => {
  const match = RFC3339.exec(text);
  if (match === null) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1, 7).map(Number);
  if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 60) return undefined;
  const offsetSeconds = match[8] === undefined ? 0 : (match[8] === "-" ? -60 : 60) * (Number(match[9]) * 60 + Number(match[10]));
  const seconds = epochDay({ year, month, day }) * DAY_SECONDS + hour * 3600 + minute * 60 + second - offsetSeconds;
  return BigInt(seconds) * 1_000_000_000n + BigInt((match[7] ?? "").padEnd(9, "0"));
};

/** The same time with exactly nine decimals, the form in which the reference prints timestamps. Only for what has been parsed before. */
export const padTimestamp = (text: string): string => {
  const [, base = text, fraction = "", zone = ""] = /^([^.Z+]{19})(?:\.(\d+))?(.*)$/.exec(text) ?? [];
  return `${base}.${fraction.padEnd(9, "0")}${zone}`;
};
