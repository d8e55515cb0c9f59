import type { ApiObject } from "../contracts.ts";
import type { Column, TableDefinition } from "../kinds/kind-definition.ts";
import { listAt, mapAt, textAt } from "../kinds/read-path.ts";
import { formatAge } from "./age.ts";

/** The first column of nearly every kind. */
export const NAME: Column = { name: "Name", format: "name" };
/** When it came to be, as a span. */
export const AGE: Column = { name: "Age" };

/** A column of text; shown with `-o wide` only if so said. */
export const column = (name: string, priority = 0): Column => (priority === 0 ? { name } : { name, priority });

/** A column of numbers. */
export const numberColumn = (name: string, priority = 0): Column => ({ name, type: "integer", priority });

/** A column of true and false. */
export const flagColumn = (name: string): Column => ({ name, type: "boolean" });

/** The object's name. */
export const nameOf = ({ metadata }: ApiObject): string => metadata?.name ?? "";

/** The object's age. */
export const ageOf = ({ metadata }: ApiObject, nowMs: number): string => formatAge(metadata?.creationTimestamp, nowMs);

/** `<none>` for nothing. */
export const orNone = (text: string): string => (text === "" ? "<none>" : text);

/** Name, some cells, age, then cells of `-o wide`: the shape of most tables. */
export const simpleTable = (
  middle: readonly (readonly [Column, (object: ApiObject, nowMs: number) => unknown])[],
  wide: readonly (readonly [Column, (object: ApiObject, nowMs: number) => unknown])[] = [],
): TableDefinition => ({
  columns: [NAME, ...middle.map(([one]) => one), AGE, ...wide.map(([one]) => ({ ...one, priority: 1 }))],
  cells: (object, nowMs) => [
    nameOf(object),
    ...middle.map(([, cell]) => cell(object, nowMs)),
    ageOf(object, nowMs),
    ...wide.map(([, cell]) => cell(object, nowMs)),
  ],
});

/** `a=1,b=2` sorted; `<none>` for no labels. */
export const formatLabels = (labels: { readonly [key: string]: unknown }): string =>
  orNone(
    Object.entries(labels)
      .map(([key, value]) => `${key}=${String(value)}`)
      .toSorted()
      .join(","),
  );

const formatRequirement = (requirement: unknown): string => {
  const key = textAt(requirement, "key");
  const values = listAt(requirement, "values").join(",");
  switch (textAt(requirement, "operator")) {
    case "In":
      return `${key} in (${values})`;
    case "NotIn":
      return `${key} notin (${values})`;
    case "Exists":
      return key;
    default:
      return `!${key}`;
  }
};

/** A `metav1.LabelSelector` as text; `<none>` for none. */
export const formatSelector = (selector: unknown): string =>
  orNone(
    [
      ...Object.entries(mapAt(selector, "matchLabels")).map(([key, value]) => `${key}=${String(value)}`),
      ...listAt(selector, "matchExpressions").map(formatRequirement),
    ]
      .toSorted()
      .join(","),
  );

/** Columns that show a pod template with `-o wide`. */
export const templateCells: readonly (readonly [Column, (object: ApiObject) => unknown])[] = [
  [
    column("Containers"),
    (object) =>
      listAt(object, "spec.template.spec.containers")
        .map((container) => textAt(container, "name"))
        .join(","),
  ],
  [
    column("Images"),
    (object) =>
      listAt(object, "spec.template.spec.containers")
        .map((container) => textAt(container, "image"))
        .join(","),
  ],
];
