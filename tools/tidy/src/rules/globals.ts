import { lineAt } from "../workspace.ts";
import type { Problem, Rule, SourceFile } from "../workspace.ts";

const BANNED: readonly { readonly pattern: RegExp; readonly message: string }[] = [
  { pattern: /\b(setTimeout|setInterval|setImmediate)\b/g, message: "timers come from stdx's Clock" },
  { pattern: /\bDate\.now\b|\bnew Date\(\s*\)|\bperformance\./g, message: "the time comes from stdx's Clock" },
  { pattern: /\bMath\.random\b/g, message: "randomness is an option with a RandomSource" },
  { pattern: /\bprocess\.(env|argv|exit|stdout|stderr|on)\b/g, message: "the process belongs to main.ts" },
  { pattern: /\bconsole\./g, message: "output goes through stdx's Logger" },
];

/** stdx's clock and random source are where these globals live; main.ts and telemetry are the process's edge. */
const isAllowed = (file: SourceFile): boolean =>
  file.isTest ||
  file.member.kind === "tool" ||
  /^packages\/stdx\/src\/(system-)?(clock|random)\.ts$/.test(file.path) ||
  /^packages\/[^/]+\/src\/main\.ts$/.test(file.path) ||
  /^apps\/kubelet\/src\/(main\.ts|telemetry\/)/.test(file.path);

/** No package reads the global clock, randomness, environment or console. */
export const globalsRule: Rule = ({ files }) =>
  files
    .filter((file) => !file.isGenerated && !isAllowed(file))
    .flatMap((file): Problem[] =>
      BANNED.flatMap(({ pattern, message }) =>
        [...file.code.matchAll(pattern)].map((match) => ({
          path: file.path,
          line: lineAt(file.code, match.index),
          rule: "globals",
          message: `${match[0].trim()}: ${message}`,
        })),
      ),
    );
