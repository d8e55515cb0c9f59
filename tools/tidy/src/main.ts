import { resolve } from "node:path";
import { RULES } from "./rules.ts";
import { readWorkspace } from "./workspace.ts";

const workspace = readWorkspace(resolve(import.meta.dirname, "../../.."));
const problems = RULES.flatMap((rule) => rule(workspace)).toSorted((a, b) => (a.path < b.path ? -1 : 1));
for (const { path, line, rule, message } of problems) console.log(`${path}${line === undefined ? "" : `:${line}`}: ${message} [${rule}]`);
console.log(`tidy: ${workspace.files.length} files in ${workspace.members.length} members, ${problems.length} problems`);
process.exitCode = problems.length > 0 ? 1 : 0;
