import type { Pressure, PressureLine } from "../model.ts";

const NONE: PressureLine = { avg10: 0, avg60: 0, avg300: 0, totalMicros: 0 };

const LINES = {
  some: /^some avg10=([\d.]+) avg60=([\d.]+) avg300=([\d.]+) total=(\d+)$/m,
  full: /^full avg10=([\d.]+) avg60=([\d.]+) avg300=([\d.]+) total=(\d+)$/m,
} as const;

const parseLine = (text: string, kind: keyof typeof LINES): PressureLine | undefined => {
  const match = LINES[kind].exec(text);
  if (!match) return undefined;
  const [avg10, avg60, avg300, totalMicros] = match.slice(1).map(Number);
  return { avg10: avg10 ?? 0, avg60: avg60 ?? 0, avg300: avg300 ?? 0, totalMicros: totalMicros ?? 0 };
};

/** The two lines of a pressure file; undefined for anything else. Older kernels have no `full` line for the CPU. */
export const parsePressure = (text: string | undefined): Pressure | undefined => {
  if (text === undefined) return undefined;
  const some = parseLine(text, "some");
  return some === undefined ? undefined : { some, full: parseLine(text, "full") ?? NONE };
};
