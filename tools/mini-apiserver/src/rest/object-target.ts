import type { KindDefinition, SubresourceDefinition } from "../kinds/kind-definition.ts";

/** One object, or one of its plain subresources. */
export interface ObjectTarget {
  readonly definition: KindDefinition;
  readonly namespace?: string | undefined;
  readonly name: string;
  readonly subresource?: SubresourceDefinition | undefined;
  readonly dryRun?: boolean | undefined;
  /** A patch can't name another uid by mistake: that is a change, and refused as one. */
  readonly isPatch?: boolean;
}

/** `{ namespace, name }` as a store wants it. */
export const whereOf = ({
  namespace,
  name,
}: Pick<ObjectTarget, "namespace" | "name">): { readonly namespace?: string; readonly name: string } =>
  namespace === undefined ? { name } : { namespace, name };
