import { parseTimestamp } from "@nk/pod-model";

const plural = (parts: readonly (readonly [number, string])[]): string =>
  parts
    .filter(([value], index) => index === 0 || value > 0)
    .map(([value, unit]) => `${value}${unit}`)
    .join("");

/** A span as people read it, the reference's thresholds: `75s`, `3m20s`, `5h`, `2d3h`, `1y20d` (apimachinery, pkg/util/duration). */
export const formatSpan = (spanMs: number): string => {
  const seconds = Math.trunc(spanMs / 1000);
  if (seconds < -1) return "<invalid>";
  if (seconds < 0) return "0s";
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 10)
    return plural([
      [minutes, "m"],
      [seconds % 60, "s"],
    ]);
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  if (hours < 8)
    return plural([
      [hours, "h"],
      [minutes % 60, "m"],
    ]);
  if (hours < 48) return `${hours}h`;
  const days = Math.floor(hours / 24);
  if (hours < 192)
    return plural([
      [days, "d"],
      [hours % 24, "h"],
    ]);
  if (hours < 24 * 365 * 2) return `${days}d`;
  const years = Math.floor(days / 365);
  if (hours < 24 * 365 * 8)
    return plural([
      [years, "y"],
      [days % 365, "d"],
    ]);
  return `${years}y`;
};

/** How long ago that time was; `<unknown>` for none. */
export const formatAge = (timestamp: unknown, nowMs: number): string => {
  if (typeof timestamp !== "string" || timestamp === "") return "<unknown>";
  try {
    return formatSpan(nowMs - parseTimestamp(timestamp));
  } catch {
    return "<unknown>";
  }
};
