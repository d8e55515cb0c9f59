import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createLinkedList } from "./linked-list.ts";
import type { ListNode } from "./linked-list.ts";

describe("createLinkedList", () => {
  it("equals an array under any sequence of push, shift and remove", () => {
    const action = fc.oneof(fc.constant("push"), fc.constant("shift"), fc.nat(30));
    fc.assert(
      fc.property(fc.array(action, { maxLength: 100 }), (actions) => {
        const list = createLinkedList<number>();
        const nodes: ListNode<number>[] = [];
        let array: number[] = [];
        const actual: unknown[] = [];
        const expected: unknown[] = [];
        for (const [step, what] of actions.entries()) {
          const node = typeof what === "number" ? nodes[what] : undefined;
          if (what === "push") {
            nodes.push(list.push(step));
            array.push(step);
          } else if (what === "shift") {
            actual.push(list.shift());
            expected.push(array.shift());
          } else if (node !== undefined) {
            actual.push(list.remove(node));
            expected.push(array.includes(node.value));
            array = array.filter((value) => value !== node.value);
          }
          actual.push(list.size);
          expected.push(array.length);
        }
        expect(actual).toEqual(expected);
      }),
    );
  });
});
