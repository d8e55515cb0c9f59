import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { refuseOldNode } from "./node-version.ts";

const runOn = (node: string): { readonly said: string; readonly code: number | undefined } => {
  let said = "";
  let code: number | undefined;
  refuseOldNode({ versions: { node }, stderr: { write: (text) => (said += text) }, exit: (given) => (code = given) }, { name: "tool" });
  return { said, code };
};

it.each(["22.19.0", "22.20.1", "23.0.0", "24.9.0", "100.1.0"])("lets a command run on Node %s", (node) =>
  expect(runOn(node)).toEqual({ said: "", code: undefined }),
);

it.each(["20.20.2", "22.18.9", "18.19.0", "9.99.0"])("ends a command on Node %s with a sentence", (node) =>
  expect(runOn(node)).toEqual({ said: `tool: Node 22.19 or newer is needed, and this is ${node}\n`, code: 1 }),
);

it("asks for what the packages' engines say", () => {
  const { engines } = JSON.parse(readFileSync(join(import.meta.dirname, "../package.json"), "utf8")) as { engines: { node: string } };
  expect(engines.node).toMatch(/^>=\d+\.\d+$/);
  const [major = 0, minor = 0] = engines.node.slice(2).split(".").map(Number);
  expect(runOn(`${major}.${minor}.0`).code).toBeUndefined();
  expect(runOn(`${major}.${minor - 1}.9`).code).toBe(1);
});
