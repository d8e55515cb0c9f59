import { describe, expect, it } from "vitest";
import { decodeConfig } from "./decode.ts";
import { KubeletConfigError } from "./errors.ts";
import { formatWarning } from "./warning.ts";

const HEAD = "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n";
const decode = (body: string) => decodeConfig(HEAD + body, "/etc/nk/config.yaml");
const valuesOf = (body: string): Record<string, unknown> =>
  Object.fromEntries(
    decode(body)
      .settings.entries()
      .map(([path, setting]) => [path, setting.value]),
  );
const errorOf = (text: string): unknown => {
  try {
    return decodeConfig(text, "/c");
  } catch (error) {
    return error;
  }
};

describe("decodeConfig", () => {
  it("reads nested fields with their lines", () => {
    const { settings } = decode("maxPods: 5\nauthentication:\n  anonymous:\n    enabled: true\n");
    expect(settings.get("maxPods")).toEqual({ value: 5, line: 3 });
    expect(settings.get("authentication.anonymous.enabled")).toEqual({ value: true, line: 6 });
  });

  it("reads JSON", () => {
    const text = JSON.stringify({ apiVersion: "kubelet.config.k8s.io/v1beta1", kind: "KubeletConfiguration", maxPods: 5 }, undefined, "\t");
    expect(decodeConfig(text, "/c").settings.get("maxPods")?.value).toBe(5);
  });

  it("reads YAML's older words for booleans, as the reference does", () => {
    expect(valuesOf("failSwapOn: no\nenableServer: on\n")).toEqual({ failSwapOn: false, enableServer: true });
  });

  it("takes what is merged with <<, which never wins over what the mapping says itself, and is no field when quoted", () => {
    const anchors = "x: &x {anonymous: {enabled: true}, webhook: {enabled: false}}\ny: &y {webhook: {enabled: true}}\n";
    expect(valuesOf(`${anchors}authentication:\n  <<: [*y, *x]\n  anonymous: {enabled: false}\n`)).toEqual({
      "authentication.anonymous.enabled": false,
      "authentication.webhook.enabled": true,
    });
    expect(decode('"<<": {maxPods: 5}\n').warnings.map(formatWarning)).toEqual(["/etc/nk/config.yaml:3: unknown field << is ignored"]);
    expect(() => decode("<<: 3\n")).toThrow("/etc/nk/config.yaml:3: << must merge a mapping");
  });

  it("resolves relative paths against the file's directory and leaves others alone", () => {
    expect(valuesOf('staticPodPath: pods\nresolvConf: ""\npodLogsDir: /logs\n')).toEqual({
      staticPodPath: "/etc/nk/pods",
      resolvConf: "",
      podLogsDir: "/logs",
    });
  });

  it("takes back every field of a struct that is null", () => {
    expect(valuesOf("crashLoopBackOff: null\n")).toEqual({ "crashLoopBackOff.maxContainerRestartPeriod": null });
  });

  it("warns about unknown fields and duplicate keys with line and suggestion", () => {
    const { warnings, settings } = decode("maxPod: 5\nlogging: {verbose: 3}\nanonymous: {}\nxyzzy: 1\nmaxPods: 1\nmaxPods: 2\n");
    expect(warnings.map(formatWarning)).toEqual([
      '/etc/nk/config.yaml:8: key "maxPods" stands here a second time; the last one counts',
      "/etc/nk/config.yaml:3: unknown field maxPod is ignored, did you mean maxPods?",
      "/etc/nk/config.yaml:4: unknown field logging.verbose is ignored, did you mean logging.verbosity?",
      "/etc/nk/config.yaml:5: unknown field anonymous is ignored, did you mean authentication.anonymous?",
      "/etc/nk/config.yaml:6: unknown field xyzzy is ignored",
    ]);
    expect(settings.get("maxPods")?.value).toBe(2);
  });

  it.each([
    ["maxPods: lots", "maxPods must be an integer"],
    ["maxPods: 1.5", "maxPods must be an integer"],
    ["failSwapOn: 3", "failSwapOn must be true or false"],
    ["syncFrequency: 60", 'syncFrequency must be a duration like "1m30s"'],
    ["syncFrequency: 60x", 'syncFrequency must be a duration like "1m30s"'],
    ["clusterDNS: 10.0.0.1", "clusterDNS must be a list of strings"],
    ["containerLogMaxSize: lots", 'containerLogMaxSize must be a size like "10Mi"'],
    ["featureGates: {A: maybe}", "featureGates must be a map of booleans"],
    ["staticPodURLHeader: {a: b}", "staticPodURLHeader must be a map of lists of strings"],
    ["logging: 3", "logging must be a mapping"],
    ["evictionHard: [1]", "evictionHard must be a map of strings"],
  ])("refuses %s", (body, message) => {
    expect(() => decode(body)).toThrow(`/etc/nk/config.yaml:3: ${message}`);
  });

  it.each([
    ["", "invalid-document"],
    ["a: [", "invalid-document"],
    ["- a", "invalid-document"],
    ["---\na: 1\n---\nb: 2\n", "invalid-document"],
    ["a: &a [*a]", "invalid-document"],
    ["kind: KubeletConfiguration", "wrong-kind"],
    ["apiVersion: v1\nkind: KubeletConfiguration", "wrong-kind"],
    ["apiVersion: kubelet.config.k8s.io/v1beta1\nkind: Pod", "wrong-kind"],
  ])("refuses the document %j", (text, code) => {
    const error = errorOf(text);
    expect(error).toBeInstanceOf(KubeletConfigError);
    expect(error).toMatchObject({ code, file: "/c" });
  });
});
