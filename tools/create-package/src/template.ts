const entry = (withSource: boolean): object => ({
  ".": { ...(withSource ? { "@nk/source": "./src/index.ts" } : {}), types: "./dist/index.d.ts", default: "./dist/index.js" },
  "./package.json": "./package.json",
});

const json = (value: unknown): string => `${JSON.stringify(value, undefined, 2)}\n`;

const manifest = (name: string, description: string): object => ({
  name: `@nk/${name}`,
  version: "0.0.0",
  description,
  license: "Apache-2.0",
  type: "module",
  sideEffects: false,
  engines: { node: ">=22.19" },
  exports: entry(true),
  files: ["dist", "README.md", "CHANGELOG.md", "LICENSE"],
  publishConfig: { access: "public", provenance: true, exports: entry(false) },
  scripts: {
    build: "tsup && tsc -p tsconfig.build.json",
    test: `vitest run --root ../.. --project unit packages/${name}`,
    typecheck: "tsc -p tsconfig.json",
  },
  dependencies: { "@nk/stdx": "workspace:^" },
});

const README_SECTIONS: readonly (readonly [heading: string, text: string])[] = [
  ["What it does, and what it does not", ""],
  ["Install", ""],
  [
    "The smallest program",
    '```ts\nimport * as all from "@nk/NAME";\n\nif (Object.keys(all).length < 0) throw new Error("unreachable");\n```',
  ],
  ["Ports you supply", "None."],
  ["Options", "None."],
  ["Errors", "None."],
  ["Metrics", "None."],
  ["Testing with it", ""],
  ["How it works", ""],
  ["Differences from the reference", "None known."],
  ["Stability", "0.x: the API may change between minor versions; each change has a changelog entry."],
];

const readme = (name: string, description: string): string =>
  [
    `# @nk/${name}`,
    description,
    ...README_SECTIONS.flatMap(([heading, text]) => [`## ${heading}`, ...(text === "" ? [] : [text.replace("NAME", name)])]),
  ].join("\n\n") + "\n";

/** The files of a new package: path below its folder -> text. The licence is copied beside them. */
export const createPackageFiles = (options: { readonly name: string; readonly description: string }): ReadonlyMap<string, string> => {
  const { name, description } = options;
  return new Map([
    ["package.json", json(manifest(name, description))],
    ["README.md", readme(name, description)],
    ["CHANGELOG.md", `# @nk/${name}\n`],
    [
      "tsconfig.json",
      json({ extends: "../../tsconfig.base.json", compilerOptions: { customConditions: ["@nk/source"] }, include: ["src", "test"] }),
    ],
    [
      "tsconfig.build.json",
      json({
        extends: "../../tsconfig.base.json",
        compilerOptions: { noEmit: false, emitDeclarationOnly: true, rootDir: "src", outDir: "dist" },
        include: ["src"],
        exclude: ["src/**/*.test.ts"],
      }),
    ],
    ["tsup.config.ts", 'import { packageBuild } from "../../tsup.base.ts";\n\nexport default packageBuild(import.meta.dirname);\n'],
    ["src/index.ts", "export {};\n"],
  ]);
};
