import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { listPackages } from "./packages.ts";
import type { Step } from "./step.ts";

const TIMEOUT_MS = 20_000;

/** The first program of a README; `undefined` when it has none. */
export const firstProgram = (readme: string): string | undefined => /## The smallest program[\s\S]*?```ts\n([\s\S]*?)```/.exec(readme)?.[1];

/**
 * Type-checks and runs the first program of every README, each from inside its own package, where `@nk/NAME` means the package itself.
 */
export const readmeStep = (root: string): Step => ({
  name: "README programs",
  run: () => {
    let passed = 0;
    let failed = 0;
    const fail = (message: string): void => {
      failed += 1;
      console.error(message);
    };
    const packages = listPackages(root);
    const scratch = packages.map(({ dir }) => join(dir, ".readme"));
    try {
      for (const { name, dir } of packages) {
        const program = firstProgram(readFileSync(join(dir, "README.md"), "utf8"));
        if (program === undefined) {
          fail(`${name}: its README has no program`);
          continue;
        }
        mkdirSync(join(dir, ".readme"), { recursive: true });
        writeFileSync(join(dir, ".readme/program.ts"), program);
        const result = spawnSync("node", ["--conditions=@nk/source", join(dir, ".readme/program.ts")], {
          encoding: "utf8",
          timeout: TIMEOUT_MS,
          cwd: dir,
        });
        if (result.status === 0) passed += 1;
        else fail(`${name}: its README's program ended with ${result.signal ?? result.status}\n${result.stdout}${result.stderr}`);
      }
      const config = join(root, "tools/check/.readme.tsconfig.json");
      const include = packages.map(({ dir }) => `${dir}/.readme/*.ts`);
      writeFileSync(
        config,
        JSON.stringify({ extends: "../../tsconfig.json", compilerOptions: { noUnusedLocals: false }, include, exclude: [] }),
      );
      const types = spawnSync("tsc", ["-p", config], { encoding: "utf8", cwd: root });
      rmSync(config);
      if (types.status === 0) passed += 1;
      else fail(`the README programs do not type-check:\n${types.stdout}${types.stderr}`);
    } finally {
      for (const dir of scratch) rmSync(dir, { recursive: true, force: true });
    }
    return Promise.resolve({ passed, failed });
  },
});
