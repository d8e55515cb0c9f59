import type { ApiObject } from "../contracts.ts";
import type { Column, KindDefinition, TableDefinition } from "../kinds/kind-definition.ts";

/** How a table is wanted. */
export interface TableOptions {
  /** Of meta.k8s.io. */
  readonly version: string;
  readonly includeObject: string;
  readonly nowMs: number;
  /** Default true; later events of a watch leave them out. */
  readonly hasColumns?: boolean;
  readonly metadata?: { readonly [field: string]: unknown };
}

/** Of kinds without columns of their own, as the reference's default. */
const BY_NAME: TableDefinition = {
  columns: [
    { name: "Name", format: "name" },
    { name: "Created At", type: "date" },
  ],
  cells: ({ metadata }) => [metadata?.name ?? "", metadata?.creationTimestamp ?? ""],
};

const columnOf = (column: Column): object => ({
  name: column.name,
  type: column.type ?? "string",
  format: column.format ?? "",
  description: "",
  priority: column.priority ?? 0,
});

/** Metadata and nothing else. */
export const partialOf = (object: ApiObject, version: string): ApiObject => ({
  kind: "PartialObjectMetadata",
  apiVersion: `meta.k8s.io/${version}`,
  metadata: object.metadata ?? {},
});

const objectOf = (object: ApiObject, { includeObject, version }: TableOptions): object => {
  if (includeObject === "None") return { object: null };
  return { object: includeObject === "Object" ? object : partialOf(object, version) };
};

/** The objects as a `meta.k8s.io` Table, with the columns `kubectl get` prints. */
export const renderTable = (definition: KindDefinition, objects: readonly ApiObject[], options: TableOptions): ApiObject => {
  const { columns, cells, rowConditions } = definition.table ?? BY_NAME;
  const { version, nowMs, hasColumns = true, metadata } = options;
  return {
    kind: "Table",
    apiVersion: `meta.k8s.io/${version}`,
    metadata: metadata ?? {},
    columnDefinitions: hasColumns ? columns.map(columnOf) : null,
    rows: objects.map((object) => {
      const conditions = rowConditions?.(object) ?? [];
      return { cells: cells(object, nowMs), ...(conditions.length === 0 ? {} : { conditions }), ...objectOf(object, options) };
    }),
  };
};
