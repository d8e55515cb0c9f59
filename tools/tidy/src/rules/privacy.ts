import { lineAt } from "../workspace.ts";
import type { Problem, Rule } from "../workspace.ts";

/** Paths of one developer's machine have no place in the sources. */
export const privacyRule: Rule = ({ files }) =>
  files
    .filter((file) => file.member.dir !== "tools/tidy")
    .flatMap((file): Problem[] =>
      [...file.text.matchAll(/\/(?:work\/(?:main|shared)|Users\/\w+)\b/g)].map((match) => ({
        path: file.path,
        line: lineAt(file.text, match.index),
        rule: "privacy",
        message: `"${match[0]}" is a path of one machine`,
      })),
    );
