import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createPackageFiles } from "./template.ts";

const packages = join(import.meta.dirname, "../../../packages");

describe("create-package", () => {
  it("writes the same build files as the packages that exist", () => {
    const files = createPackageFiles({ name: "pleg", description: "x" });
    for (const path of ["tsconfig.json", "tsconfig.build.json"]) {
      expect(JSON.parse(files.get(path) ?? ""), path).toEqual(JSON.parse(readFileSync(join(packages, "pleg", path), "utf8")));
    }
    expect(files.get("tsup.config.ts")).toBe(readFileSync(join(packages, "pleg/tsup.config.ts"), "utf8"));
  });

  it("writes the same scripts, files and entry points as the packages that exist", () => {
    const made = JSON.parse(createPackageFiles({ name: "pod-model", description: "x" }).get("package.json") ?? "") as {
      [key: string]: unknown;
    };
    const exists = JSON.parse(readFileSync(join(packages, "pod-model/package.json"), "utf8")) as { [key: string]: unknown };
    for (const key of ["license", "type", "sideEffects", "engines", "exports", "files", "publishConfig", "scripts"])
      expect(made[key], key).toEqual(exists[key]);
  });

  it("gives the README the outline", () => {
    const readme = createPackageFiles({ name: "pleg", description: "One sentence." }).get("README.md") ?? "";
    expect(readme.startsWith("# @nk/pleg\n\nOne sentence.\n")).toBe(true);
    expect(readme.match(/^## /gm)).toHaveLength(11);
  });
});
