import type { Problem, Rule } from "../workspace.ts";

/** The headings of every package's README, in order. */
export const README_OUTLINE = [
  "What it does, and what it does not",
  "Install",
  "The smallest program",
  "Ports you supply",
  "Options",
  "Errors",
  "Metrics",
  "Testing with it",
  "How it works",
  "Differences from the reference",
  "Stability",
] as const;

const MAX_LINES = 150;

/** Every package has a README by the outline, and the files a published package needs. */
export const readmeRule: Rule = ({ members, read }) =>
  members
    .filter(({ kind }) => kind === "package")
    .flatMap(({ dir, manifest }): Problem[] => {
      const missing = ["LICENSE", "CHANGELOG.md", "tsconfig.json", "tsup.config.ts", "src/index.ts"]
        .filter((file) => read(`${dir}/${file}`) === undefined)
        .map((file) => ({ path: `${dir}/${file}`, rule: "readme", message: "is missing" }));
      const text = read(`${dir}/README.md`);
      if (text === undefined) return [...missing, { path: `${dir}/README.md`, rule: "readme", message: "is missing" }];
      const headings = [...text.matchAll(/^## (.+)$/gm)].map((match) => match[1]);
      const problems: Problem[] = [...missing];
      const add = (message: string): number => problems.push({ path: `${dir}/README.md`, rule: "readme", message });
      if (!text.startsWith(`# ${manifest.name}\n`)) add(`does not begin with "# ${manifest.name}"`);
      if (headings.join("|") !== README_OUTLINE.join("|")) add(`headings are [${headings.join(", ")}], not the outline`);
      if (!/## The smallest program[\s\S]*?```ts\n/.test(text)) add("has no ts block under The smallest program");
      const lines = text.split("\n").length - 1;
      if (lines > MAX_LINES) add(`${lines} lines (limit ${MAX_LINES})`);
      return problems;
    });
