import type { Container } from "@nk/pod-model";
import { forEachItem } from "../field.ts";
import type { Field } from "../field.ts";
import { checkOneOf } from "./rules.ts";

/** What decides whether a container may be restarted for a resize. */
export interface ResizeContext {
  readonly podRestartPolicy: string | undefined;
  /** An init container that ends by itself; it can't be restarted for a resize. */
  readonly endsByItself: boolean;
}

const checkNamed = (value: string, field: Field, allowed: readonly string[]): void => {
  if (value === "") field.required();
  else checkOneOf(value, field, allowed);
};

/** What a resize would do to one container. */
export const validateResizePolicy = ({ resizePolicy }: Container, list: Field, context: ResizeContext): void => {
  const seen = new Set<string>();
  forEachItem(resizePolicy, list, ({ resourceName, restartPolicy }, field) => {
    if (seen.has(resourceName)) field.duplicate(resourceName);
    seen.add(resourceName);
    const place = field.at("restartPolicy");
    checkNamed(resourceName, field.at("resourceName"), ["cpu", "memory"]);
    checkNamed(restartPolicy, place, ["NotRequired", "RestartContainer"]);
    if (context.podRestartPolicy === "Never" && restartPolicy !== "NotRequired")
      place.invalid(restartPolicy, "must be 'NotRequired' when pod `restartPolicy` is 'Never'");
    if (context.endsByItself && restartPolicy === "RestartContainer")
      place.invalid(restartPolicy, "must not be set to 'RestartContainer' for non-sidecar initContainers");
  });
};
