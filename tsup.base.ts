import { existsSync } from "node:fs";
import { join } from "node:path";
import { defineConfig } from "tsup";

/** How every package is bundled: ESM only, one file per entry point and command; tsc writes the declarations after it. */
export const packageBuild = (packageDir: string): ReturnType<typeof defineConfig> =>
  defineConfig({
    entry: ["src/index.ts", "src/testing/index.ts", "src/main.ts"].filter((file) => existsSync(join(packageDir, file))),
    format: "esm",
    target: "node22",
    platform: "node",
    dts: false,
    clean: true,
    splitting: true,
    silent: true,
  });
