import { systemClock, systemRandom } from "@nk/stdx";
import type { Clock, RandomSource } from "@nk/stdx";
import { unknownPath } from "../api-error.ts";
import type { ApiObject, Store, StoredKind, UserInfo } from "../contracts.ts";
import { ALL_KINDS } from "../kinds/all-kinds.ts";
import type { DeleteOptions, KindDefinition, SubresourceDefinition, WriteContext } from "../kinds/kind-definition.ts";
import { createObject } from "./create.ts";
import { deleteObject } from "./delete.ts";
import type { Deletion } from "./delete.ts";
import { updateObject } from "./update.ts";
import type { Change } from "./update.ts";

/** What {@link createLocalClient} takes. */
export interface LocalClientOptions {
  readonly store: Store;
  /** Default: all of this tool. */
  readonly kinds?: readonly KindDefinition[];
  readonly clock?: Clock;
  readonly random?: RandomSource;
  /** In whose name; default `system:apiserver`. Nobody authorizes him. */
  readonly user?: UserInfo;
}

/** An object's place. */
export interface ObjectName {
  readonly namespace?: string;
  readonly name: string;
}

/** The API for controllers and subresources in this process: defaults, validation and the deletion protocol, without HTTP or authorization. */
export interface LocalClient {
  /** @throws ApiError 400, 403, 404, 409, 422 */
  create(kind: StoredKind, object: ApiObject): ApiObject;
  /** `subresource` such as `status`. @throws ApiError 400, 404, 409, 422 */
  update(kind: StoredKind, change: Change, where: ObjectName & { readonly subresource?: string }): ApiObject;
  /** @throws ApiError 403, 404, 409 */
  delete(kind: StoredKind, where: ObjectName, options?: DeleteOptions): Deletion;
}

const SYSTEM: UserInfo = { username: "system:apiserver", groups: ["system:masters"] };

/** A client over the store itself. */
export const createLocalClient = (options: LocalClientOptions): LocalClient => {
  const { store, kinds = ALL_KINDS, clock = systemClock, random = systemRandom, user = SYSTEM } = options;
  const context: WriteContext = { store, clock, random, user, warn: () => undefined };

  const definitionOf = ({ group, resource }: StoredKind): KindDefinition => {
    const found = kinds.find((one) => one.group === group && one.resource === resource);
    if (found === undefined) throw unknownPath();
    return found;
  };

  const subresourceOf = (definition: KindDefinition, name: string | undefined): SubresourceDefinition | undefined => {
    if (name === undefined) return undefined;
    const found = definition.subresources?.find((one) => one.name === name);
    if (found === undefined) throw unknownPath();
    return found;
  };

  return {
    create(kind, object) {
      const definition = definitionOf(kind);
      return createObject(object, { definition, namespace: object.metadata?.namespace }, context);
    },
    update(kind, change, { namespace, name, subresource }) {
      const definition = definitionOf(kind);
      return updateObject(change, { definition, namespace, name, subresource: subresourceOf(definition, subresource) }, context);
    },
    delete: (kind, where, deleteOptions = {}) => deleteObject({ definition: definitionOf(kind), ...where }, deleteOptions, context),
  };
};
