import type { Problem, Rule, Workspace } from "../workspace.ts";

const isListed = (text: string, item: string): boolean => text.includes(`\`${item}\``);

const missing = (options: {
  readonly workspace: Workspace;
  readonly path: string;
  readonly items: readonly string[];
  readonly what: string;
}): Problem[] => {
  const { workspace, path, items, what } = options;
  const text = workspace.read(path);
  if (text === undefined) return [{ path, rule: "docs", message: "is missing" }];
  return items
    .filter((item) => !isListed(text, item))
    .map((item) => ({ path, rule: "docs", message: `does not list ${what} \`${item}\`` }));
};

/** The codes of every `X_ERROR_CODES = [...] as const`, as `package: code`. */
const errorCodes = ({ files }: Workspace): readonly string[] =>
  files
    .filter((file) => !file.isTest && file.member.kind === "package")
    .flatMap((file) =>
      [...file.text.matchAll(/export const \w+_ERROR_CODES = \[([\s\S]*?)\] as const/g)].flatMap((match) =>
        [...(match[1] ?? "").matchAll(/"([^"]+)"/g)].map((code) => `${file.member.manifest.name.slice("@nk/".length)}: ${code[1] ?? ""}`),
      ),
    );

/** The lists in docs are true to the code: packages, run-time dependencies, error codes. */
export const docsRule: Rule = (workspace) => {
  const shipped = workspace.members.filter(({ kind }) => kind !== "tool");
  const dependencies = new Set(
    shipped.flatMap(({ manifest }) => Object.keys(manifest.dependencies ?? {})).filter((name) => !name.startsWith("@nk/")),
  );
  return [
    ...missing({ workspace, path: "docs/architecture.md", items: shipped.map(({ manifest }) => manifest.name), what: "the package" }),
    ...missing({ workspace, path: "docs/dependencies.md", items: [...dependencies], what: "the dependency" }),
    ...missing({ workspace, path: "docs/errors.md", items: errorCodes(workspace), what: "the error code" }),
  ];
};
