import { dirname, join, normalize } from "node:path";
import { lineAt } from "../workspace.ts";
import type { Problem, Rule, SourceFile } from "../workspace.ts";

/** Statements begin a line; what looks like one inside a text does not. */
const SPECIFIER = /^(?:import|export)\b[^"\n]*"([^"]+)"|^\} from "([^"]+)"|\bimport\(\s*"([^"]+)"/gm;

const problemsOf = (file: SourceFile): Problem[] => {
  const problems: Problem[] = [];
  for (const match of file.text.matchAll(SPECIFIER)) {
    const specifier = match[1] ?? match[2] ?? match[3] ?? "";
    const at = { path: file.path, line: lineAt(file.text, match.index), rule: "imports" };
    if (/^@nk\/[^/]+\/.+/.test(specifier) && !specifier.endsWith("/testing")) {
      problems.push({ ...at, message: `"${specifier}" reaches into a package; import its entry point` });
    }
    if (!file.isTest && file.member.kind !== "tool" && /\/testing(\/|$)/.test(specifier)) {
      problems.push({ ...at, message: `"${specifier}": nothing in src imports from testing` });
    }
    if (specifier.startsWith(".") && !normalize(join(dirname(file.path), specifier)).startsWith(`${file.member.dir}/`)) {
      problems.push({ ...at, message: `"${specifier}" leaves ${file.member.dir}` });
    }
    if (specifier === "node:child_process" && file.member.manifest.name !== "@nk/stdx" && file.member.kind !== "tool" && !file.isTest) {
      problems.push({ ...at, message: "subprocesses run only through @nk/stdx (argv, timeout, output limit)" });
    }
  }
  return problems;
};

/** Imports go through entry points, never into `testing` from product code, and never out of the package by a relative path. */
export const importsRule: Rule = ({ files }) =>
  files.filter((file) => !file.isGenerated && file.member.dir !== "tools/tidy").flatMap(problemsOf);
