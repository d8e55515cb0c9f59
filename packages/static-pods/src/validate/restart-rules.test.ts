import type { Container, ContainerRestartRule } from "@nk/pod-model";
import { describe, expect, it } from "vitest";
import { problemsOfContainer, problemsOfInit } from "../../test/problems-of.ts";

const ON_ONE: ContainerRestartRule = { action: "Restart", exitCodes: { operator: "In", values: [1] } };
const withRule = (rule: object): Partial<Container> => ({ restartPolicy: "Never", restartPolicyRules: [rule as ContainerRestartRule] });

describe.each([
  { of: "an app container", problemsOf: problemsOfContainer, at: "spec.containers[0]" },
  { of: "an init container", problemsOf: problemsOfInit, at: "spec.initContainers[0]" },
])("the restart policy of $of", ({ problemsOf, at }) => {
  it.each<Partial<Container>>([
    { restartPolicy: "Always" },
    { restartPolicy: "OnFailure" },
    { restartPolicy: "Never", restartPolicyRules: [] },
    { restartPolicy: "Never", restartPolicyRules: Array.from({ length: 20 }, () => ON_ONE) },
    { restartPolicy: "Always", restartPolicyRules: [{ action: "RestartAllContainers", exitCodes: { operator: "NotIn", values: [] } }] },
    withRule({ action: "Restart", exitCodes: { operator: "In", values: Array.from({ length: 255 }, (_, code) => code) } }),
  ])("may be %j", (fields) => expect(problemsOf(fields)).toEqual([]));

  it.each<readonly [string, Partial<Container>, string]>([
    [
      "another policy",
      { restartPolicy: "Sometimes" },
      'restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "Never", "OnFailure"',
    ],
    [
      "rules without a policy",
      { restartPolicyRules: [ON_ONE] },
      "restartPolicy: Required value: must specify restartPolicy when restart rules are used",
    ],
    [
      "too many rules",
      { restartPolicy: "Never", restartPolicyRules: Array.from({ length: 21 }, () => ON_ONE) },
      "restartPolicyRules: Too many: 21: must have at most 20 items",
    ],
    [
      "another action",
      withRule({ ...ON_ONE, action: "Stop" }),
      'restartPolicyRules[0].action: Unsupported value: "Stop": supported values: "Restart", "RestartAllContainers"',
    ],
    ["a rule for nothing", withRule({ action: "Restart" }), "restartPolicyRules[0].exitCodes: Required value: must be specified"],
    [
      "another operator",
      withRule({ action: "Restart", exitCodes: { operator: "Gt", values: [1] } }),
      'restartPolicyRules[0].exitCodes.operator: Unsupported value: "Gt": supported values: "In", "NotIn"',
    ],
    [
      "too many exit codes",
      withRule({ action: "Restart", exitCodes: { operator: "In", values: Array.from({ length: 256 }, () => 1) } }),
      "restartPolicyRules[0].exitCodes.values: Too many: 256: must have at most 255 items",
    ],
  ])("may not have %s", (_what, fields, expected) => expect(problemsOf(fields)).toEqual([`${at}.${expected}`]));
});
