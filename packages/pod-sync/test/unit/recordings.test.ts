import { compareJson, recordingNames } from "@nk/tool-recordings";
import type { Json } from "@nk/tool-recordings";
import { describe, expect, it } from "vitest";
import { renderHostsFile } from "../../src/config/hosts-file.ts";
import { composeContainer, composeRequest, sortEnvs } from "../recordings/compose.ts";
import { knownDifferences } from "../recordings/known-differences.ts";
import { standaloneNode } from "../recordings/node.ts";
import { podOfManifest, podOfRecording, readRecording, readStandalone } from "../recordings/recording.ts";
import { scenarioOf } from "../recordings/scenarios.ts";

/** Recordings in which the reference asked nothing of the runtime: the pod was refused or its volume never came. */
const WITHOUT_REQUESTS = ["p46-hostpath-missing", "p48-node-selector-mismatch", "p49-too-much-cpu"];

const describeDifferences = (name: string): string => {
  const known = Object.entries(knownDifferences[name] ?? {});
  if (known.length === 0) return "nothing differs";
  return known.flatMap(([method, list]) => list.map(({ path, reason }) => `${method} differs in ${path}: ${reason}`)).join("; ");
};

describe("requests of the recorded pods", () => {
  it("are recorded for every pod but those that never got that far", () => {
    expect(recordingNames.filter((name) => readRecording(name).cri.length === 0)).toEqual(WITHOUT_REQUESTS);
  });

  for (const name of recordingNames.filter((recording) => !WITHOUT_REQUESTS.includes(recording))) {
    describe(`${name}: ${describeDifferences(name)}`, () => {
      for (const call of readRecording(name).cri) {
        const { name: subject, attempt = 0 } = call.req.config.metadata;
        it(`makes the recorded ${call.method} of ${subject}, attempt ${attempt}`, () => {
          const ours = sortEnvs(composeRequest(scenarioOf(name), call));
          const known = (knownDifferences[name]?.[call.method] ?? []).map(({ path }) => path);
          const differences = compareJson(sortEnvs(call.req as Json), ours);
          expect(differences.filter(({ path }) => !known.includes(path))).toEqual([]);
          expect(known.filter((path) => !differences.some((difference) => difference.path === path))).toEqual([]);
        });
      }
    });
  }
});

describe("pods whose containers the reference refused to make", () => {
  for (const name of ["p10-nonroot-denied", "p35-missing-configmap"]) {
    it(`${name} is refused with the recorded message`, () => {
      const scenario = scenarioOf(name);
      const [failure = ""] = readRecording(name).failures;
      expect(failure).toMatch(/^Error: /u);
      expect(() => composeContainer(scenario, "main")).toThrow(failure.replace("Error: ", ""));
    });
  }
});

describe("hosts file of p16-hostname", () => {
  it("is what the container printed", () => {
    const pod = podOfRecording("p16-hostname");
    const content = renderHostsFile({ pod, podIps: ["<podIP>"], clusterDomain: "cluster.local", nodeHostsFile: "" });
    expect(content).toBe(readRecording("p16-hostname").logs["main"]);
  });
});

describe("requests without an API server", () => {
  const steps = readStandalone();
  const manifestOf = (podName: string, stepIndex: number): unknown =>
    steps
      .slice(0, stepIndex)
      .findLast(({ manifest }) => manifest !== null && typeof manifest !== "string" && `${manifest.metadata?.name}-node-1` === podName)
      ?.manifest;

  for (const [index, { step, cri }] of steps.entries()) {
    for (const call of cri) {
      const { labels } = call.req.config as unknown as { readonly labels: { readonly [key: string]: string } };
      const podName = labels["io.kubernetes.pod.name"] ?? "";
      const uid = labels["io.kubernetes.pod.uid"] ?? "";
      it(`${step}: makes the recorded ${call.method} of ${call.req.config.metadata.name}`, () => {
        const manifest = manifestOf(podName, index + 1) ?? {};
        const isHostNetwork = podName === "s02-node-1";
        const scenario = {
          pod: podOfManifest(manifest, uid),
          node: standaloneNode,
          podIps: isHostNetwork ? [] : ["<podIP>"],
          mounts: [{ mountPath: "/h", hostPath: "/var/tmp", readOnly: false, selinuxRelabel: false }],
        };
        expect(compareJson(sortEnvs(call.req as Json), sortEnvs(composeRequest(scenario, call)))).toEqual([]);
      });
    }
  }
});
