import { lineAt } from "../workspace.ts";
import type { Problem, Rule } from "../workspace.ts";

/** `compute…` and `decide…` are pure by name: they never wait. */
export const purityRule: Rule = ({ files }) =>
  files
    .filter((file) => !file.isGenerated)
    .flatMap((file): Problem[] =>
      [...file.code.matchAll(/\bconst ((?:compute|decide)[A-Z]\w*) = async\b|\basync function ((?:compute|decide)[A-Z]\w*)/g)].map(
        (match) => ({
          path: file.path,
          line: lineAt(file.code, match.index),
          rule: "purity",
          message: `${match[1] ?? match[2] ?? ""} is async; what waits is not called compute or decide`,
        }),
      ),
    );
