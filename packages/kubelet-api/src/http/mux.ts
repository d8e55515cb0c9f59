import { KubeletApiError } from "../errors.ts";
import type { Route } from "../route.ts";

/** What a request's target leads to. */
export type MuxResult =
  | {
      readonly kind: "route";
      readonly route: Route;
      readonly path: string;
      readonly rest: readonly string[];
      readonly query: URLSearchParams;
    }
  | { readonly kind: "redirect"; readonly location: string }
  | { readonly kind: "none"; readonly path: string };

/** Finds the route for a request's target. @throws KubeletApiError "bad-request" */
export type Mux = (target: string) => MuxResult;

const decode = (part: string): string => {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new KubeletApiError("bad-request", "malformed path");
  }
};

/** The path without `.`, `..` and doubled slashes; a slash at the end stays (Go's http.ServeMux, cleanPath). */
const cleanPath = (path: string): string => {
  // By hand: posix.normalize takes seconds for a long path with many `..`, and nobody knows yet who asks.
  const kept: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") kept.pop();
    else if (part !== "" && part !== ".") kept.push(part);
  }
  return kept.length > 0 && path.endsWith("/") ? `/${kept.join("/")}/` : `/${kept.join("/")}`;
};

const splitTarget = (target: string): { readonly escapedPath: string; readonly search: string } => {
  // The absolute form, which a proxy uses: only the path counts.
  const relative = /^https?:\/\/[^/?#]*/i.exec(target);
  const rest = relative === null ? target : target.slice(relative[0].length) || "/";
  const mark = rest.indexOf("?");
  const escapedPath = mark < 0 ? rest : rest.slice(0, mark);
  if (!escapedPath.startsWith("/")) throw new KubeletApiError("bad-request", "malformed path");
  return { escapedPath, search: mark < 0 ? "" : rest.slice(mark) };
};

const isPlain = (part: string): boolean => !part.includes("/");

const pathsOf = ({ path }: Route): readonly string[] => (typeof path === "string" ? [path] : path);

interface Table {
  readonly exact: ReadonlyMap<string, Route>;
  /** By path with a slash at the end. */
  readonly trees: ReadonlyMap<string, Route>;
  /** Of the trees' paths, the number of parts in the longest. */
  readonly maxDepth: number;
}

const createTable = (routes: readonly Route[]): Table => {
  const exact = new Map<string, Route>();
  const trees = new Map<string, Route>();
  const add = (table: Map<string, Route>, path: string, route: Route): void => {
    if (table.has(path)) throw new KubeletApiError("invalid-config", `two routes have the path ${path}`);
    table.set(path, route);
  };
  for (const route of routes) {
    for (const path of pathsOf(route)) {
      const isTree = route.scope === "tree";
      if (!path.endsWith("/")) add(exact, path, route);
      if (isTree) add(trees, path.endsWith("/") ? path : `${path}/`, route);
    }
  }
  return { exact, trees, maxDepth: Math.max(0, ...[...trees.keys()].map((path) => path.split("/").length - 2)) };
};

/** The longest tree that the parts lie in. An encoded slash never makes a new part, so a part with one is no part of a tree's path. */
const findTree = ({ trees, maxDepth }: Table, parts: readonly string[]): { readonly route: Route; readonly depth: number } | undefined => {
  // No deeper than a route can be: a stranger's path may have a hundred thousand parts.
  for (let depth = Math.min(parts.length - 2, maxDepth); depth >= 1; depth -= 1) {
    const folders = parts.slice(0, depth + 1);
    const route = folders.every(isPlain) ? trees.get(`${folders.join("/")}/`) : undefined;
    if (route !== undefined) return { route, depth };
  }
  return undefined;
};

/**
 * Finds routes as Go's http.ServeMux with go-restful behind it does: unclean paths and trees without their slash are redirected, and
 * what no route has is unknown before anybody asks who the caller is. What a caller needs to be allowed hangs on the route that was
 * found, so that a path can't be one thing for authorization and another for the route.
 */
export const createMux = (routes: readonly Route[]): Mux => {
  const table = createTable(routes);
  const { exact, trees } = table;
  return (target) => {
    const { escapedPath, search } = splitTarget(target);
    const cleaned = cleanPath(escapedPath);
    const parts = cleaned.split("/").map(decode);
    const path = parts.join("/");
    const isWholePlain = parts.every(isPlain);
    if (cleaned !== escapedPath) return { kind: "redirect", location: cleaned + search };
    const whole = isWholePlain ? exact.get(path) : undefined;
    const query = new URLSearchParams(search);
    if (whole !== undefined) return { kind: "route", route: whole, path, rest: [], query };
    const found = findTree(table, parts);
    if (found !== undefined) {
      const rest = parts.slice(found.depth + 1).filter((part) => part !== "");
      return { kind: "route", route: found.route, path, rest, query };
    }
    if (isWholePlain && trees.has(`${path}/`)) return { kind: "redirect", location: `${cleaned}/${search}` };
    return { kind: "none", path };
  };
};
