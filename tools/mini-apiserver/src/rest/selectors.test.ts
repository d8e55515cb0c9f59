import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isApiError } from "../api-error.ts";
import { POD } from "../kinds/core/pod/pod.ts";
import { parseFieldSelector } from "./field-selector.ts";
import { parseLabelSelector } from "./label-selector.ts";

describe("a label selector", () => {
  const labels = { app: "web", tier: "front", empty: "", "example.org/count": "5" };

  it.each([
    ["", true],
    ["app=web", true],
    ["app==web", true],
    ["app = web , tier=front", true],
    ["app!=web", false],
    ["other!=web", true],
    ["app in (web, db)", true],
    ["app in (db)", false],
    ["app notin (db)", true],
    ["app notin (web)", false],
    ["other notin (web)", true],
    ["app", true],
    ["!app", false],
    ["!other", true],
    ["empty=", true],
    ["empty in ()", true],
    ["example.org/count>4", true],
    ["example.org/count<4", false],
    ["app>1", false],
    ["app in (web),!other,tier", true],
  ])("%j matches: %j", (text, expected) => {
    expect(parseLabelSelector(text)(labels)).toBe(expected);
  });

  it.each([
    ["a b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"],
    ["a in (b", "unable to parse requirement: found '', expected: ',' or ')'"],
    ["a in", "unable to parse requirement: found '' expected: '('"],
    ["a,", "found '', expected: identifier after ','"],
    [",", "found ',', expected: !, identifier, or 'end of string'"],
    ["a=b c", "found 'c', expected: ',' or 'end of string'"],
  ])("refuses %j as the reference does", (text, message) => {
    expect(() => parseLabelSelector(text)).toThrow(message);
  });

  it("matches no labels only by absence", () => {
    expect(parseLabelSelector("!a")(undefined)).toBe(true);
    expect(parseLabelSelector("a")(undefined)).toBe(false);
  });

  it("answers any text with a selector or a 400", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 40, unit: fc.constantFrom(..."ab!=<>(), in/.-_\u00e4".split("")) }), (text) => {
        try {
          parseLabelSelector(text)({ a: "b" });
        } catch (error) {
          expect(isApiError(error, "BadRequest")).toBe(true);
        }
      }),
    );
  });
});

describe("a field selector", () => {
  const pod = {
    metadata: { name: "p", namespace: "n" },
    spec: { nodeName: "node-1", hostNetwork: true },
    status: { phase: "Running", podIP: "10.0.0.1" },
  };

  it.each([
    ["metadata.name=p", true],
    ["metadata.namespace==n", true],
    ["spec.nodeName!=node-1", false],
    ["spec.nodeName=node-1,status.phase=Running", true],
    ["status.phase!=Succeeded,status.phase!=Failed", true],
    ["spec.hostNetwork=true", true],
    ["status.podIP=10.0.0.1", true],
    ["spec.schedulerName=", true],
  ])("%j matches: %j", (text, expected) => {
    expect(parseFieldSelector(text, POD).matches(pod)).toBe(expected);
  });

  it("refuses fields that can't be selected, and what is no selector", () => {
    expect(() => parseFieldSelector("spec.containers=x", POD)).toThrow("field label not supported: spec.containers");
    expect(() => parseFieldSelector("foo", POD)).toThrow("invalid selector: 'foo'; can't understand 'foo'");
  });

  it("reads escaped commas", () => {
    expect(parseFieldSelector("metadata.name=a\\,b", POD).exact("metadata.name")).toBe("a,b");
  });
});
