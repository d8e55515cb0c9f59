import type { Problem, Rule } from "../workspace.ts";

const MAX_LINES = 400;

/** No file past 400 lines, generated code and tables apart. (Functions past 70 lines are the linter's `max-lines-per-function`.) */
export const sizeRule: Rule = ({ files }) =>
  files
    .filter((file) => !file.isGenerated)
    .flatMap((file): Problem[] => {
      const lines = file.text.split("\n").length - 1;
      return lines <= MAX_LINES
        ? []
        : [{ path: file.path, rule: "size", message: `${lines} lines; split it at a concept (limit ${MAX_LINES})` }];
    });
