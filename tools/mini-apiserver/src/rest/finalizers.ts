import type { ApiObject } from "../contracts.ts";
import type { KindDefinition } from "../kinds/kind-definition.ts";

/** Whether an object that is deleted has to wait for its finalizers. */
export const isHeld = (object: ApiObject, { strategy }: KindDefinition): boolean =>
  (object.metadata?.finalizers ?? []).length > 0 || strategy.isKept?.(object) === true;
