import { applyPodDefaults } from "@nk/pod-model";
import type { Container, Pod, PodSpec } from "@nk/pod-model";
import { createField } from "../src/field.ts";
import { applyStaticPodIdentity } from "../src/identity.ts";
import { validatePod } from "../src/validate/pod.ts";

/** What is wrong with a pod as it is written, `field: message` each. */
export const problemsOf = (written: Pod): readonly string[] => {
  const messages: string[] = [];
  const pod = applyPodDefaults(applyStaticPodIdentity(written, { source: "file", location: "/m", nodeName: "n" }, 0));
  validatePod(
    written,
    pod,
    createField(({ field, message }) => messages.push(`${field}: ${message}`)),
  );
  return messages;
};

const CONTAINER: Container = { name: "c", image: "i" };

/** What is wrong with a pod of one container that has these fields. */
export const problemsOfSpec = (spec: Partial<PodSpec>): readonly string[] =>
  problemsOf({ metadata: { name: "p" }, spec: { containers: [CONTAINER], ...spec } });

/** What is wrong with a container that has these fields, in a pod that has those. */
export const problemsOfContainer = (fields: Partial<Container>, spec: Partial<PodSpec> = {}): readonly string[] =>
  problemsOfSpec({ ...spec, containers: [{ ...CONTAINER, ...fields }] });

/** The same of an init container. */
export const problemsOfInit = (fields: Partial<Container>, spec: Partial<PodSpec> = {}): readonly string[] =>
  problemsOfSpec({ ...spec, initContainers: [{ name: "init", image: "i", ...fields }] });
