import type { PodSpec } from "@nk/pod-model";
import { describe, expect, it } from "vitest";
import type { ApiObject } from "../../../contracts.ts";
import { RESIZE } from "./pod-subresources.ts";

const podOf = (spec: Partial<PodSpec>): ApiObject => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "p", namespace: "default" },
  spec: {
    restartPolicy: "Always",
    dnsPolicy: "ClusterFirst",
    containers: [{ name: "main", image: "busybox", imagePullPolicy: "Always", terminationMessagePolicy: "File" }],
    ...spec,
  },
});

const whole = (cpu: string, more: { readonly [name: string]: string } = {}): Partial<PodSpec> => ({
  resources: { requests: { cpu: "1", ...more }, limits: { cpu } },
});

const problemsOf = (from: Partial<PodSpec>, to: Partial<PodSpec>): readonly string[] =>
  (RESIZE.validateUpdate?.(podOf(to), podOf(from)) ?? []).map(({ field, message }) => `${field}: ${message}`);

describe("a resize of a pod as a whole", () => {
  it("may change its cpu and memory", () => {
    expect(problemsOf(whole("2"), whole("3"))).toEqual([]);
  });

  it("may take no amount away", () => {
    expect(problemsOf(whole("2"), { resources: { requests: { cpu: "1" } } })).toContain(
      "spec.resources.limits: Forbidden: resource limits cannot be removed",
    );
  });

  it("may change no other resource", () => {
    expect(problemsOf(whole("2"), whole("2", { "hugepages-2Mi": "2Mi" }))).toContain(
      "spec: Forbidden: only cpu and memory resources are mutable",
    );
  });
});
