import { isSidecar } from "@nk/pod-model";
import type { Container, PodSpec } from "@nk/pod-model";
import { forEachItem } from "../field.ts";
import type { Field } from "../field.ts";
import { validateEnv } from "./env.ts";
import { forbidHandlers, validateHandlers } from "./handlers.ts";
import { whyNotDnsLabel } from "./names.ts";
import { validatePorts } from "./ports.ts";
import type { PortContext } from "./ports.ts";
import { validateResizePolicy } from "./resize-policy.ts";
import { validateResources } from "./resources.ts";
import { validateRestartRules } from "./restart-rules.ts";
import { checkOneOf } from "./rules.ts";
import { validateContainerSecurity } from "./security.ts";
import { validateMounts } from "./volumes.ts";

/** What is seen while the containers of one pod are checked; the sets grow. */
interface ContainerContext {
  readonly spec: PodSpec;
  readonly volumeNames: ReadonlySet<string>;
  readonly containerNames: Set<string>;
  readonly ports: PortContext;
  readonly endsByItself: boolean;
}

const checkName = (name: string, field: Field, seen: Set<string>): void => {
  const why = name === "" ? undefined : whyNotDnsLabel(name);
  if (name === "") field.required();
  else if (why !== undefined) field.invalid(name, why);
  else if (seen.has(name)) field.duplicate(name);
  seen.add(name);
};

const checkImage = (image: string | undefined, field: Field): void => {
  if (image === undefined || image === "") field.required();
  else if (image.trim() !== image) field.invalid(image, "must not have leading or trailing whitespace");
};

const checkContainer = (container: Container, field: Field, context: ContainerContext): void => {
  checkName(container.name, field.at("name"), context.containerNames);
  checkImage(container.image, field.at("image"));
  checkOneOf(container.imagePullPolicy, field.at("imagePullPolicy"), ["Always", "IfNotPresent", "Never"]);
  checkOneOf(container.terminationMessagePolicy, field.at("terminationMessagePolicy"), ["FallbackToLogsOnError", "File"]);
  validatePorts(container.ports, field.at("ports"), context.ports);
  validateEnv(container.env, field.at("env"), context.spec.volumes);
  validateMounts(container, field.at("volumeMounts"), context.volumeNames);
  validateResources(container.resources, field.at("resources"));
  const { endsByItself, spec } = context;
  validateResizePolicy(container, field.at("resizePolicy"), { podRestartPolicy: spec.restartPolicy, endsByItself });
  validateRestartRules(container, field);
  validateContainerSecurity(container.securityContext, field.at("securityContext"), spec.hostUsers !== false);
};

/** Init and app containers: each for itself, and what must be unique in the pod. */
export const validateContainers = (spec: PodSpec, root: Field, volumeNames: ReadonlySet<string>): void => {
  const hostNetwork = spec.hostNetwork === true;
  const containerNames = new Set<string>();
  const appPorts: PortContext = { hostNetwork, hostPorts: new Set() };
  if (spec.containers.length === 0) root.at("containers").required();
  forEachItem(spec.containers, root.at("containers"), (container, field) => {
    checkContainer(container, field, { spec, volumeNames, containerNames, ports: appPorts, endsByItself: false });
    validateHandlers(container, field, spec);
  });
  forEachItem(spec.initContainers, root.at("initContainers"), (container, field) => {
    // Those that end by themselves never run beside others, so their host ports clash with none.
    const endsByItself = !isSidecar(container);
    const ports = endsByItself ? { hostNetwork, hostPorts: new Set<string>() } : appPorts;
    checkContainer(container, field, { spec, volumeNames, containerNames, ports, endsByItself });
    if (endsByItself) forbidHandlers(container, field);
    else validateHandlers(container, field, spec);
  });
};
