import type { Container, ContainerRestartRule } from "@nk/pod-model";
import { forEachItem } from "../field.ts";
import type { Field } from "../field.ts";
import { checkOneOf } from "./rules.ts";

const MAX_RULES = 20;
const MAX_EXIT_CODES = 255;

const checkRule = ({ action, exitCodes }: ContainerRestartRule, field: Field): void => {
  checkOneOf(action, field.at("action"), ["Restart", "RestartAllContainers"]);
  const place = field.at("exitCodes");
  if (exitCodes === undefined) {
    place.required("must be specified");
    return;
  }
  checkOneOf(exitCodes.operator, place.at("operator"), ["In", "NotIn"]);
  const count = exitCodes.values?.length ?? 0;
  if (count > MAX_EXIT_CODES) place.at("values").tooMany(count, MAX_EXIT_CODES);
};

/** A container's own restart policy, and its rules by exit code: the same for app containers, init containers and sidecars. */
export const validateRestartRules = ({ restartPolicy, restartPolicyRules = [] }: Container, field: Field): void => {
  if (restartPolicy === undefined && restartPolicyRules.length > 0)
    field.at("restartPolicy").required("must specify restartPolicy when restart rules are used");
  checkOneOf(restartPolicy, field.at("restartPolicy"), ["Always", "Never", "OnFailure"]);
  const list = field.at("restartPolicyRules");
  if (restartPolicyRules.length > MAX_RULES) list.tooMany(restartPolicyRules.length, MAX_RULES);
  forEachItem(restartPolicyRules, list, checkRule);
};
