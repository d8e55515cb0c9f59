import { lineAt } from "../workspace.ts";
import type { Problem, Rule } from "../workspace.ts";

/** A silenced check says why in the same comment, after `--`. */
export const suppressionsRule: Rule = ({ files }) =>
  files
    .filter((file) => !file.isGenerated)
    .flatMap((file): Problem[] =>
      [...file.text.matchAll(/(oxlint|eslint)-disable[^\n]*|@ts-(ignore|nocheck|expect-error)[^\n]*/g)]
        .filter((match) => file.member.dir !== "tools/tidy" && !/--\s*\S{3,}/.test(match[0]))
        .map((match) => ({
          path: file.path,
          line: lineAt(file.text, match.index),
          rule: "suppressions",
          message: "a suppression without a reason (write it after --)",
        })),
    );
