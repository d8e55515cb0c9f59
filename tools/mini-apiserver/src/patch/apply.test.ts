import { describe, expect, it } from "vitest";
import { typePlan } from "../kinds/schema.ts";
import { applyConfiguration } from "./apply.ts";
import type { Fields } from "./strategic-merge.ts";

const apply = (current: Fields | undefined, applied: Fields, manager = "m"): Fields =>
  applyConfiguration(
    current,
    { apiVersion: "v1", kind: "Pod", ...applied },
    { type: typePlan("core.Pod"), manager, subresource: undefined, nowMs: 0 },
  );

const withoutManagers = (object: Fields): Fields => {
  const { managedFields: _fields, ...metadata } = object["metadata"] as Fields;
  return { ...object, metadata };
};

describe("server-side apply, simplified", () => {
  it("creates what is not there, with an entry of who owns what", () => {
    const created = apply(undefined, { metadata: { name: "p", labels: { a: "b" } }, spec: { containers: [{ name: "c", image: "x" }] } });
    expect(created["metadata"]).toMatchObject({
      managedFields: [
        {
          manager: "m",
          operation: "Apply",
          fieldsV1: {
            "f:metadata": { "f:labels": { "f:a": {} } },
            "f:spec": { "f:containers": { 'k:{"name":"c"}': { ".": {}, "f:name": {}, "f:image": {} } } },
          },
        },
      ],
    });
  });

  it("merges items by key and keeps what others set", () => {
    const current = {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "p" },
      spec: { containers: [{ name: "c", image: "x", stdin: true }, { name: "d" }] },
    };
    const applied = apply(current, { metadata: { name: "p" }, spec: { containers: [{ name: "c", image: "y" }] } });
    expect(applied["spec"]).toEqual({ containers: [{ name: "c", image: "y", stdin: true }, { name: "d" }] });
  });

  it("removes what the manager applied before and leaves out now", () => {
    const first = apply(undefined, {
      metadata: { name: "p", labels: { a: "1", b: "2" } },
      spec: { containers: [{ name: "c" }, { name: "d" }] },
    });
    const second = apply(first, { metadata: { name: "p", labels: { b: "2" } }, spec: { containers: [{ name: "d" }] } });
    expect(withoutManagers(second)).toEqual({
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "p", labels: { b: "2" } },
      spec: { containers: [{ name: "d" }] },
    });
  });

  it("keeps what another manager applied too", () => {
    const first = apply(undefined, { metadata: { name: "p", labels: { a: "1" } } }, "one");
    const second = apply(first, { metadata: { name: "p", labels: { a: "1" } } }, "two");
    const third = apply(second, { metadata: { name: "p" } }, "one");
    expect(withoutManagers(third)["metadata"]).toEqual({ name: "p", labels: { a: "1" } });
  });

  it("takes over the value of another manager without a conflict", () => {
    const first = apply(undefined, { metadata: { name: "p", labels: { a: "1" } } }, "one");
    expect(withoutManagers(apply(first, { metadata: { name: "p", labels: { a: "2" } } }, "two"))["metadata"]).toEqual({
      name: "p",
      labels: { a: "2" },
    });
  });

  it("replaces lists that are one value", () => {
    const first = apply(undefined, { metadata: { name: "p" }, spec: { tolerations: [{ key: "a" }] } });
    const second = apply(first, { metadata: { name: "p" }, spec: { tolerations: [{ key: "b" }] } });
    expect(second["spec"]).toEqual({ tolerations: [{ key: "b" }] });
  });
});
