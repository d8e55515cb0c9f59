import { formatTimestamp } from "@nk/pod-model";
import type { ApiObject } from "../contracts.ts";
import type { TypePlan } from "../kinds/schema.ts";
import { mergeApplied, removePaths } from "./apply-merge.ts";
import { fieldSetOf, subtractSets } from "./field-set.ts";
import type { FieldSet } from "./field-set.ts";
import type { Fields } from "./strategic-merge.ts";

/** Who applies, and to what. */
export interface ApplyOptions {
  readonly type: TypePlan;
  readonly manager: string;
  readonly subresource: string | undefined;
  readonly nowMs: number;
}

/** One entry of `metadata.managedFields`. */
interface ManagedFields {
  readonly manager?: string;
  readonly operation?: string;
  readonly apiVersion?: string;
  readonly time?: string;
  readonly fieldsType?: string;
  readonly fieldsV1?: FieldSet;
  readonly subresource?: string;
}

const entriesOf = (object: ApiObject | undefined): readonly ManagedFields[] =>
  (object?.metadata?.["managedFields"] as readonly ManagedFields[] | undefined) ?? [];

const isOwn = (entry: ManagedFields, { manager, subresource }: ApplyOptions): boolean =>
  entry.manager === manager && entry.operation === "Apply" && (entry.subresource ?? "") === (subresource ?? "");

const NOT_APPLIED: ReadonlySet<string> = new Set([
  "name",
  "namespace",
  "uid",
  "resourceVersion",
  "creationTimestamp",
  "generation",
  "managedFields",
]);

/** What a manager can own: not what names the object. */
const ownableOf = (applied: Fields): Fields => {
  const { apiVersion: _version, kind: _kind, metadata, ...fields } = applied;
  const own = Object.entries((metadata ?? {}) as Fields).filter(([name]) => !NOT_APPLIED.has(name));
  return own.length === 0 ? fields : { metadata: Object.fromEntries(own), ...fields };
};

/**
 * Server-side apply, simplified: what the configuration says is merged in, list items told apart by their declared keys; what the same
 * manager applied before and leaves out now goes, unless another manager applied it too. Other managers' values are overwritten without
 * a conflict, as if every request said `force`.
 */
export const applyConfiguration = (current: ApiObject | undefined, applied: Fields, options: ApplyOptions): Fields => {
  const { type, manager, subresource, nowMs } = options;
  const { managedFields: _sent, ...metadata } = (applied["metadata"] ?? {}) as Fields;
  const configuration = { ...applied, metadata };
  const owned = fieldSetOf(ownableOf(configuration), type);
  const entries = entriesOf(current);
  const before = entries.find((entry) => isOwn(entry, options))?.fieldsV1;
  const others = entries.filter((entry) => !isOwn(entry, options));
  const dropped =
    before === undefined
      ? {}
      : others.reduce(
          (left, entry) => (entry.operation === "Apply" ? subtractSets(left, entry.fieldsV1 ?? {}) : left),
          subtractSets(before, owned),
        );
  const base = removePaths((current ?? {}) as Fields, dropped, type) as Fields;
  const merged = mergeApplied(base, configuration, type) as Fields;
  const entry: ManagedFields = {
    manager,
    operation: "Apply",
    apiVersion: String(applied["apiVersion"] as string),
    time: formatTimestamp(nowMs),
    fieldsType: "FieldsV1",
    fieldsV1: owned,
    ...(subresource === undefined ? {} : { subresource }),
  };
  return { ...merged, metadata: { ...(merged["metadata"] as Fields), managedFields: [...others, entry] } };
};
