import { resolve } from "node:path";
import { expect, it } from "vitest";
import { chooseManifest, listManifests, parsePods, readPods } from "./manifests.ts";

const examples = resolve(import.meta.dirname, "../../../examples/manifests");

it("reads every pod of the examples, and runs the web server once", async () => {
  const names = await listManifests(examples);
  const pods = (await Promise.all(names.map((name) => readPods(examples, name)))).flat();
  expect(pods.map(({ metadata }) => metadata.name)).toEqual(["crash", "init", "sidecar", "web"]);
  expect(await chooseManifest(examples)).toBe("web.yaml");
});

it("reads several documents, empty ones among them, and JSON", () => {
  const one = "apiVersion: v1\nkind: Pod\nmetadata: {name: one}\n";
  expect(parsePods(`${one}---\n---\n${one}`, "two.yaml")).toHaveLength(2);
  expect(parsePods('{"apiVersion":"v1","kind":"Pod","metadata":{"name":"one"}}', "one.json")).toHaveLength(1);
});

it.each([
  ["another kind", "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x}\n", /x\.yaml holds something that is no v1 Pod/],
  ["a pod without a name", "apiVersion: v1\nkind: Pod\n", /x\.yaml holds something that is no v1 Pod/],
  ["a text that is no YAML", "kind: [Pod\n", /^x\.yaml: /],
])("refuses %s, and names the file", (_what, text, message) => {
  expect(() => parsePods(text, "x.yaml")).toThrow(message);
});
