import type { Difference } from "./difference.ts";

/** Logs by container, line by line. */
export type Logs = { readonly [container: string]: string };

/** The first line of each container's log that differs. */
export const compareLogs = (recorded: Logs, ours: Logs): readonly Difference[] =>
  [...new Set([...Object.keys(recorded), ...Object.keys(ours)])].toSorted().flatMap((container): readonly Difference[] => {
    const [a, b] = [recorded[container], ours[container]];
    if (a === b) return [];
    if (a === undefined || b === undefined) return [{ section: "logs", path: container, recorded: a, ours: b }];
    const [there, here] = [a.split("\n"), b.split("\n")];
    const line = there.findIndex((text, index) => text !== here[index]);
    const at = line < 0 ? there.length : line;
    return [{ section: "logs", path: `${container} line ${at + 1}`, recorded: there[at], ours: here[at] }];
  });
