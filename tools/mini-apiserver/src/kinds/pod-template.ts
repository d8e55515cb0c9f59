import { applyPodDefaults } from "@nk/pod-model";
import type { Container, Pod, PodSpec } from "@nk/pod-model";
import { validatePod } from "./core/pod/validate-pod.ts";
import type { FieldError } from "./field-error.ts";
import { mapAt } from "./read-path.ts";

type Fields = { readonly [field: string]: unknown };

/** A list that is null where Go writes an empty one that way. */
const withoutNulls = (spec: Fields): Fields => ({ ...spec, containers: spec["containers"] ?? [] });

const keepResources = (
  filled: readonly Container[] | undefined,
  written: readonly Container[] | undefined,
): readonly Container[] | undefined => filled?.map((container, index) => ({ ...container, resources: written?.[index]?.resources ?? {} }));

/** Fills in what the API server fills in for a template: less than for a pod, which gets requests and service links by itself. */
export const withTemplateDefaults = (spec: Fields): Fields => {
  const template = mapAt(spec, "template");
  if (template["spec"] === undefined) return spec;
  const written = withoutNulls(mapAt(template, "spec")) as unknown as PodSpec;
  const { enableServiceLinks: _links, ...filled } = applyPodDefaults({ spec: written } as Pod).spec ?? { containers: [] };
  const initContainers = keepResources(filled.initContainers, written.initContainers);
  return {
    ...spec,
    template: {
      ...template,
      spec: {
        ...filled,
        containers: keepResources(filled.containers, written.containers) ?? [],
        ...(initContainers === undefined ? {} : { initContainers }),
        ...(written.enableServiceLinks === undefined ? {} : { enableServiceLinks: written.enableServiceLinks }),
      },
    },
  };
};

/** A pod's rules, told of the template. */
export const validateTemplate = (object: unknown): readonly FieldError[] =>
  validatePod({ spec: withoutNulls(mapAt(object, "spec.template.spec")) }).map((error) => ({
    ...error,
    field: error.field.replace(/^spec/u, "spec.template.spec"),
  }));
