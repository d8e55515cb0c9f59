import { badRequest, expired } from "../api-error.ts";
import type { ApiObject, Store } from "../contracts.ts";
import { storedKindOf } from "../kinds/kind-definition.ts";
import type { KindDefinition } from "../kinds/kind-definition.ts";
import { tooLargeVersion } from "./list-options.ts";
import type { ListOptions } from "./list-options.ts";

/** One page of a list. */
export interface ListPage {
  readonly items: readonly ApiObject[];
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string; readonly remainingItemCount?: number };
}

/** What a continue token holds: the version of the first page and the key to go on from. */
interface Position {
  readonly version: string;
  readonly start: string;
}

/** Namespace and name with what etcd's order puts between them. */
const keyOf = ({ metadata }: ApiObject): string => `${metadata?.namespace ?? ""}/${metadata?.name ?? ""}`;

const writeToken = ({ version, start }: Position): string =>
  Buffer.from(JSON.stringify({ v: "meta.k8s.io/v1", rv: Number(version), start })).toString("base64url");

const readToken = (token: string): Position => {
  try {
    const { v, rv, start } = JSON.parse(Buffer.from(token, "base64url").toString()) as {
      readonly v?: unknown;
      readonly rv?: unknown;
      readonly start?: unknown;
    };
    if (v === "meta.k8s.io/v1" && Number.isSafeInteger(rv) && typeof start === "string") return { version: String(rv), start };
  } catch {
    // Told below, with every other token that is not one of ours.
  }
  throw badRequest("invalid continue token: continue key is not valid");
};

/** Whoever wants history gets it only when nothing has changed since: this store keeps the present. */
const checkVersion = (options: ListOptions, current: string): void => {
  const { resourceVersion: wanted, resourceVersionMatch: match } = options;
  if (wanted === "") return;
  if (Number(wanted) > Number(current)) throw tooLargeVersion(wanted, current);
  if (match === "Exact" && wanted !== current) throw expired(`too old resource version: ${wanted} (${current})`);
};

/**
 * Lists objects of a kind. Pages are of the present, but say the version of the first one: a watch from there sees what changed between
 * two pages.
 * @throws ApiError 400, 410, 504
 */
export const listObjects = (
  definition: KindDefinition,
  namespace: string | undefined,
  { options, store }: { readonly options: ListOptions; readonly store: Store },
): ListPage => {
  const { items: stored, resourceVersion: current } = store.list(storedKindOf(definition), namespace === undefined ? {} : { namespace });
  const position = options.continueToken === "" ? undefined : readToken(options.continueToken);
  if (position === undefined) checkVersion(options, current);
  const fromStored = definition.storedAs?.fromStored;
  const objects = fromStored === undefined ? stored : stored.map(fromStored);
  const matching = options.hasSelector ? objects.filter(options.matches) : objects;
  const items = position === undefined ? matching : matching.filter((object) => keyOf(object) > position.start);
  const version = position?.version ?? current;
  if (options.limit <= 0 || items.length <= options.limit) return { items, metadata: { resourceVersion: version } };
  const page = items.slice(0, options.limit);
  const last = page.at(-1);
  return {
    items: page,
    metadata: {
      resourceVersion: version,
      continue: writeToken({ version, start: last === undefined ? "" : keyOf(last) }),
      ...(options.hasSelector ? {} : { remainingItemCount: items.length - page.length }),
    },
  };
};
