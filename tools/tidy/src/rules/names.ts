import { basename } from "node:path";
import { lineAt } from "../workspace.ts";
import type { Problem, Rule } from "../workspace.ts";

const BANNED_WORDS = ["util", "utils", "helper", "helpers", "misc", "common"];
const DECLARATION = /\b(const|function|class|interface|type)\s+([A-Za-z_$][\w$]*)(\s*=\s*(?:async\s*)?(?:\(|<|\w+\s*=>))?/g;

const reasonAgainst = (options: { readonly name: string; readonly isFunction: boolean; readonly isType: boolean }): string | undefined => {
  const { name, isFunction, isType } = options;
  const words = name.split(/(?=[A-Z])|[-_]/).map((word) => word.toLowerCase());
  if (words.some((word) => BANNED_WORDS.includes(word))) return "says nothing";
  if (/^handle[A-Z]/.test(name) || (isFunction && /^(init|process|handle)$/.test(name))) return "does not say what happens";
  if (/^do[A-Z]/.test(name)) return "doX says nothing that X does not";
  if (isType && (/^I[A-Z][a-z]/.test(name) || /(Impl|Base)$/.test(name))) return "prefixes and suffixes of kind are not used";
  return undefined;
};

/** Names say what a thing is; the banned words say nothing. Folders and files are kebab-case. */
export const namesRule: Rule = ({ files }) =>
  files
    .filter((file) => !file.isGenerated)
    .flatMap((file): Problem[] => {
      const problems: Problem[] = [];
      for (const part of file.path.split("/").slice(2)) {
        const stem = part.replace(/(\.test|\.config|\.build)?\.ts$/, "");
        if (!/^[a-z0-9]+(-[a-z0-9]+)*$/.test(stem))
          problems.push({ path: file.path, rule: "names", message: `"${part}" is not kebab-case` });
        if (stem.split("-").some((word) => BANNED_WORDS.includes(word)))
          problems.push({ path: file.path, rule: "names", message: `"${basename(file.path)}" says nothing` });
      }
      for (const match of file.code.matchAll(DECLARATION)) {
        const [, keyword, name = "", arrow] = match;
        const isFunction = keyword === "function" || arrow !== undefined;
        const reason = reasonAgainst({ name, isFunction, isType: keyword !== "const" && keyword !== "function" });
        if (reason !== undefined)
          problems.push({ path: file.path, line: lineAt(file.code, match.index), rule: "names", message: `"${name}" ${reason}` });
      }
      return problems;
    });
