import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { createReadOnlyRoutes, createSecureRoutes } from "../../src/index.ts";
import type { Route } from "../../src/index.ts";
import { createPorts } from "./node.ts";

const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
const rows = readme
  .split("| path | verbs |")[1]
  ?.split("\n\n")[0]
  ?.split("\n")
  .slice(2)
  .map((row) => row.split("|").map((cell) => cell.trim()));

const folders = ({ path }: Route): readonly string[] => (typeof path === "string" ? [path] : path).map((one) => one.replace(/\/$/, ""));

/** The row whose path begins with the route's. */
const rowOf = (path: string): readonly string[] | undefined =>
  rows?.find(([, paths = ""]) => {
    const written = path.replace(/^\/metrics\/.*/, "/metrics/{cadvisor,probes,resource,slis}").replace(/^\/healthz\/.*/, "/healthz/NAME");
    return [...paths.matchAll(/`([^`]+)`/g)].some(([, one = ""]) => one === written || one.startsWith(`${written}/`));
  });

describe("the README's table of routes", () => {
  const ports = createPorts({ explain: { explainPod: () => undefined } });
  const secure = createSecureRoutes(ports);
  const readOnly = createReadOnlyRoutes(ports);

  it("says of every route what a caller must be allowed", () => {
    for (const route of secure)
      for (const path of folders(route)) expect([path, rowOf(path)?.[3]]).toEqual([path, (route.subresources ?? ["proxy"]).join(", ")]);
  });

  it("says what the read-only server has", () => {
    const disabled = new Set(readOnly.filter(({ methods, scope }) => methods === "any" && scope === "tree").flatMap(folders));
    const served = new Set(readOnly.flatMap(folders));
    for (const path of secure.flatMap(folders))
      expect([path, rowOf(path)?.[5]]).toEqual([path, disabled.has(path) ? "405" : served.has(path) ? "yes" : "404"]);
  });
});
