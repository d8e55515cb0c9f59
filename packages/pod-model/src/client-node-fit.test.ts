import type { V1ConfigMap, V1Container, V1Lease, V1Node, V1Pod, V1PodStatus, V1Secret, V1Service } from "@kubernetes/client-node";
import { describe, expect, expectTypeOf, it } from "vitest";
import type { ConfigMap, Container, Lease, Node, Pod, PodStatus, Secret, Service } from "./gen/core-v1.ts";

/**
 * How a type of ours looks in client-node: lists may be changed there, and a time is a Date. Purely of types: nothing of client-node is
 * loaded. Should a field be renamed or retyped on either side, this file does not compile.
 */
type Mutable<T> = T extends Date
  ? string
  : T extends readonly (infer Item)[]
    ? Mutable<Item>[]
    : T extends object
      ? { -readonly [K in keyof T]: Mutable<T[K]> }
      : T;

describe("types of @kubernetes/client-node", () => {
  it("fit ours, but for times", () => {
    expectTypeOf<Mutable<V1Pod>>().toExtend<Pod>();
    expectTypeOf<Mutable<V1PodStatus>>().toExtend<PodStatus>();
    expectTypeOf<V1Container>().toExtend<Container>();
    expectTypeOf<Mutable<V1Node>>().toExtend<Node>();
    expectTypeOf<Mutable<V1Secret>>().toExtend<Secret>();
    expectTypeOf<Mutable<V1ConfigMap>>().toExtend<ConfigMap>();
    expectTypeOf<Mutable<V1Service>>().toExtend<Service>();
    expectTypeOf<keyof V1Lease>().toEqualTypeOf<keyof Lease>();
    expect(true).toBe(true);
  });

  it("take ours, but for times and for lists that may be changed", () => {
    expectTypeOf<Mutable<Pod>>().toExtend<Mutable<V1Pod>>();
    expectTypeOf<Mutable<PodStatus>>().toExtend<Mutable<V1PodStatus>>();
    expectTypeOf<Mutable<Container>>().toExtend<V1Container>();
    expect(true).toBe(true);
  });

  it("have no field that ours lack, nor the other way round", () => {
    expectTypeOf<keyof V1Pod>().toEqualTypeOf<keyof Pod>();
    expectTypeOf<keyof V1Container>().toEqualTypeOf<keyof Container>();
    expectTypeOf<keyof NonNullable<V1Pod["spec"]>>().toEqualTypeOf<keyof NonNullable<Pod["spec"]>>();
    expectTypeOf<keyof V1PodStatus>().toEqualTypeOf<keyof PodStatus>();
    expect(true).toBe(true);
  });
});
