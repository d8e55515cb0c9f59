import { existsSync, globSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";

/** A package.json as far as the rules read it. */
export interface Manifest {
  readonly name: string;
  readonly private?: boolean;
  readonly sideEffects?: boolean;
  readonly dependencies?: { readonly [name: string]: string };
  readonly devDependencies?: { readonly [name: string]: string };
}

/** One workspace member. */
export interface Member {
  /** Path from the repository's root, e.g. `packages/pleg`. */
  readonly dir: string;
  readonly kind: "package" | "app" | "tool";
  readonly manifest: Manifest;
}

/** One TypeScript file, read once. */
export interface SourceFile {
  /** Path from the repository's root. */
  readonly path: string;
  readonly member: Member;
  readonly text: string;
  /** The text with comments and the contents of strings blanked out, lines kept. */
  readonly code: string;
  readonly isTest: boolean;
  readonly isGenerated: boolean;
}

/** What every rule gets. */
export interface Workspace {
  readonly root: string;
  readonly members: readonly Member[];
  readonly files: readonly SourceFile[];
  /** Text of a file of the repository; `undefined` when there is none. */
  readonly read: (path: string) => string | undefined;
}

/** One violation, in a form a person can act on. */
export interface Problem {
  readonly path: string;
  readonly line?: number;
  readonly rule: string;
  readonly message: string;
}

/** A rule looks at the whole workspace and lists what breaks it. */
export type Rule = (workspace: Workspace) => readonly Problem[];

/** Blanks comments, and what stands inside quotes, so that words in texts are not taken for code. Templates keep their `${}` parts out too. */
export const blankTexts = (text: string): string =>
  text.replace(/\/\*[\s\S]*?\*\/|(?<!:)\/\/[^\n]*|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`/g, (match) => {
    const quote = match[0] === "/" ? " " : (match[0] ?? " ");
    const inner = match.slice(1, -1).replace(/[^\n]/g, " ");
    return `${quote}${inner}${quote}`;
  });

const isTestPath = (path: string): boolean => /\.test\.ts$|\/test\/|\/src\/testing\//.test(path);

/** Reads the repository at `root`. */
export const readWorkspace = (root: string): Workspace => {
  const kinds = { packages: "package", apps: "app", tools: "tool" } as const;
  const members = Object.entries(kinds).flatMap(([folder, kind]) =>
    globSync(`${folder}/*/package.json`, { cwd: root })
      .filter((path) => path !== "tools/toolchain/package.json")
      .toSorted()
      .map((path): Member => ({
        dir: path.slice(0, -"/package.json".length),
        kind,
        manifest: JSON.parse(readFileSync(join(root, path), "utf8")) as Manifest,
      })),
  );
  const files = members.flatMap((member) =>
    globSync([`${member.dir}/src/**/*.ts`, `${member.dir}/test/**/*.ts`], { cwd: root, exclude: ["**/node_modules/**", "**/dist/**"] })
      .toSorted()
      .map((path): SourceFile => {
        const text = readFileSync(join(root, path), "utf8");
        return {
          path: relative(root, join(root, path)),
          member,
          text,
          code: blankTexts(text),
          isTest: isTestPath(path),
          isGenerated: path.includes("/gen/"),
        };
      }),
  );
  return { root, members, files, read: (path) => (existsSync(join(root, path)) ? readFileSync(join(root, path), "utf8") : undefined) };
};

/** 1-based line of an offset. */
export const lineAt = (text: string, offset: number): number => text.slice(0, offset).split("\n").length;
