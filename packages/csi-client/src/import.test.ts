import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";

test("importing the package does not load gRPC, which is most of what a channel costs", () => {
  const program = `await import(${JSON.stringify(join(import.meta.dirname, "index.ts"))});
    const { createRequire } = await import("node:module");
    console.log(Object.keys(createRequire("/").cache).filter((path) => path.includes("grpc-js")).length);`;
  const { stdout, stderr } = spawnSync(process.execPath, ["--conditions=@nk/source", "--input-type=module", "-e", program], {
    encoding: "utf8",
  });
  expect(stderr).toBe("");
  expect(stdout).toBe("0\n");
});
