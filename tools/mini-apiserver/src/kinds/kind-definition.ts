import type { Clock, RandomSource } from "@nk/stdx";
import type { AdmissionRequest, ApiObject, Store, StoredKind, UserInfo } from "../contracts.ts";
import type { FieldError } from "./field-error.ts";

/** What a strategy may look at besides the object. */
export interface WriteContext {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly user: UserInfo;
  /** Goes to the client as a `Warning` header. */
  warn(text: string): void;
  /** Asks whoever has the last word on this write; returns what shall be written. @throws ApiError 403, 404 */
  admit?(write: Pick<AdmissionRequest, "operation" | "object" | "oldObject">): ApiObject | undefined;
}

/** What is asked of a deletion. */
export interface DeleteOptions {
  readonly gracePeriodSeconds?: number | undefined;
  readonly preconditions?: { readonly uid?: string | undefined; readonly resourceVersion?: string | undefined } | undefined;
  readonly propagationPolicy?: string | undefined;
  readonly dryRun?: boolean | undefined;
}

/** How the objects of a kind come to be and change. Every step returns a new object. */
export interface Strategy {
  /** Fills absent fields; on every write. Pure. */
  readonly applyDefaults?: (object: ApiObject) => ApiObject;
  /** What a client may not set is reset. */
  readonly prepareCreate?: (object: ApiObject, context: WriteContext) => ApiObject;
  /** Admission: what depends on other objects. @throws ApiError 403 */
  readonly admitCreate?: (object: ApiObject, context: WriteContext) => ApiObject;
  readonly prepareUpdate?: (next: ApiObject, current: ApiObject, context: WriteContext) => ApiObject;
  readonly validateCreate?: (object: ApiObject) => readonly FieldError[];
  readonly validateUpdate?: (next: ApiObject, current: ApiObject) => readonly FieldError[];
  /** What is let pass, but remarked on. */
  readonly warnings?: (object: ApiObject) => readonly string[];
  /** What is wrong with a name; default: a DNS subdomain. */
  readonly validateName?: (name: string) => readonly string[];
  /** Default false: `metadata.generation` is not kept. */
  readonly keepsGeneration?: boolean;
  /** Default true: an update without a resourceVersion is allowed. */
  readonly allowsUnconditionalUpdate?: boolean;
  /** Default false: a PUT of what is not there is 404. */
  readonly createsOnUpdate?: boolean;
  /** Default false: a deletion is answered with a Status. */
  readonly returnsDeleted?: boolean;
  /** Seconds until a deletion takes effect; absent: the kind knows no grace. */
  readonly gracePeriod?: (object: ApiObject, options: DeleteOptions) => number;
  /** Whether something besides `metadata.finalizers` keeps a deleted object; default: nothing. */
  readonly isKept?: (object: ApiObject) => boolean;
  /** What else changes when a deletion begins. */
  readonly markDeleted?: (object: ApiObject) => ApiObject;
  /** @throws ApiError when this object may not be deleted. */
  readonly checkDelete?: (object: ApiObject) => void;
}

/** A plain REST subresource such as `status`: another view of the same object. */
export interface SubresourceDefinition {
  readonly name: string;
  readonly verbs: readonly string[];
  /** What is written when a client sends `next`. */
  readonly prepareUpdate: (next: ApiObject, current: ApiObject, context: WriteContext) => ApiObject;
  readonly validateUpdate?: (next: ApiObject, current: ApiObject) => readonly FieldError[];
  /** Of another kind than its parent, e.g. Scale: how it is read, and written back before `prepareUpdate`. */
  readonly view?: {
    readonly group: string;
    readonly version: string;
    readonly kind: string;
    readonly type: string;
    readonly read: (object: ApiObject) => ApiObject;
    readonly write: (view: ApiObject, current: ApiObject) => ApiObject;
  };
}

/** A column of `kubectl get`. */
export interface Column {
  readonly name: string;
  readonly type?: "string" | "integer" | "boolean" | "date";
  readonly format?: "name";
  /** 0 always shown (default), 1 with `-o wide`. */
  readonly priority?: number;
}

/** How a kind is printed. */
export interface TableDefinition {
  readonly columns: readonly Column[];
  readonly cells: (object: ApiObject, nowMs: number) => readonly unknown[];
  /** What else is true of a row, e.g. `Completed`. */
  readonly rowConditions?: (object: ApiObject) => readonly object[];
}

/** One kind in one group version. */
export interface KindDefinition {
  readonly group: string;
  readonly version: string;
  /** Plural, lower case. */
  readonly resource: string;
  readonly singular: string;
  readonly kind: string;
  /** In the field tables, e.g. `core.Pod`. */
  readonly type: string;
  readonly namespaced: boolean;
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  /** Default: all eight. */
  readonly verbs?: readonly string[];
  readonly strategy: Strategy;
  readonly subresources?: readonly SubresourceDefinition[];
  readonly table?: TableDefinition;
  /** What a field selector may name besides metadata.name and metadata.namespace; absent values are "". */
  readonly selectableFields?: { readonly [field: string]: (object: ApiObject) => string };
  /** Remarked on whenever the kind is used. */
  readonly deprecation?: string;
  /** The group that 422s name, if not `group`. */
  readonly errorGroup?: string;
  /** Another kind under which the objects are stored, and how one becomes the other. */
  readonly storedAs?: {
    readonly kind: StoredKind;
    readonly fromStored: (object: ApiObject) => ApiObject;
    readonly toStored: (object: ApiObject) => ApiObject;
  };
}

/** All verbs, in discovery's order. */
export const ALL_VERBS: readonly string[] = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

/** `v1`, `apps/v1`. */
export const groupVersionOf = ({ group, version }: { readonly group: string; readonly version: string }): string =>
  group === "" ? version : `${group}/${version}`;

/** Where the objects lie in the store. */
export const storedKindOf = (definition: KindDefinition): StoredKind =>
  definition.storedAs?.kind ?? { group: definition.group, resource: definition.resource };

/** How a 422 names the kind. */
export const errorKindOf = ({ group, kind, errorGroup }: KindDefinition): { readonly group: string; readonly kind: string } => ({
  group: errorGroup ?? group,
  kind,
});
