import { describe, expect, it } from "vitest";
import { decodeMessage, encodeMessage, messageLength } from "./message.ts";
import { splitSignature } from "./signature.ts";
import type { DbusValue } from "./wire.ts";
import { marshal, unmarshal } from "./wire.ts";

const CASES: readonly (readonly [signature: string, values: readonly DbusValue[]])[] = [
  ["ybnqiuxtd", [255, true, -2, 65_535, -70_000, 4_000_000_000, -(2n ** 63n), 2n ** 64n - 1n, 0.5]],
  ["sog", ["häß", "/a/b", "a(sv)"]],
  ["as", [[]]],
  [
    "ya(sv)",
    [
      1,
      [
        ["A", { signature: "t", value: 5n }],
        ["B", { signature: "ay", value: [1, 2] }],
      ],
    ],
  ],
  [
    "ssa(sv)a(sa(sv))",
    ["unit", "replace", [["Wants", { signature: "as", value: ["x.slice"] }]], [["aux", [["P", { signature: "b", value: false }]]]]],
  ],
  ["a{sv}v", [[["k", { signature: "s", value: "v" }]], { signature: "v", value: { signature: "u", value: 7 } }]],
];

describe("the wire", () => {
  it.each(CASES)("carries %s there and back", (signature, values) => {
    expect(unmarshal(signature, marshal(signature, values), true)).toEqual(values);
  });

  it("writes what the specification shows", () => {
    // "foo", then an array of one 64-bit integer: padding between them, length without it.
    expect(marshal("sat", ["foo", [5n]]).toString("hex")).toBe("03000000666f6f00" + "08000000" + "00000000" + "0500000000000000");
  });

  it("reads the other byte order", () => {
    expect(unmarshal("us", Buffer.from("0000000500000003666f6f00", "hex"), false)).toEqual([5, "foo"]);
  });

  it.each([
    ["a text longer than the message", "s", "ff000000616200"],
    ["a list longer than the message", "au", "ffff0000"],
    ["a list longer than allowed", "au", "ffffff7f"],
    ["a list whose items do not fill it", "au", "0600000001000000ffff"],
    ["an unknown type in a variant", "v", "017a0000"],
    ["two types in a variant", "v", "0273730000"],
    ["nothing at all", "u", ""],
    ["a list of nothing", "a()", "080000000000000000000000"],
  ])("refuses %s", (_name, signature, hex) => {
    expect(() => unmarshal(signature, Buffer.from(hex, "hex"), true)).toThrow(expect.objectContaining({ name: "WireError" }));
  });

  it("refuses to go too deep", () => {
    const deep = "a".repeat(70) + "y";
    expect(() => unmarshal(deep, Buffer.alloc(4096, 4), true)).toThrow(expect.objectContaining({ name: "WireError" }));
  });

  it("refuses to write what does not fit its type", () => {
    for (const [signature, value] of [
      ["as", "x"],
      ["(ss)", ["one"]],
      ["v", 5],
      ["s", "a\0b"],
      ["a(", []],
    ] as const)
      expect(() => marshal(signature, [value])).toThrow(expect.objectContaining({ name: "WireError" }));
    expect(() => marshal("ss", ["one"])).toThrow("missing");
  });

  it.each([
    ["a(sv)u", ["a(sv)", "u"]],
    ["", []],
    ["(", undefined],
    ["a", undefined],
    ["z", undefined],
    ["(s", undefined],
  ])("splits the signature %s", (signature, types) => expect(splitSignature(signature)).toEqual(types));
});

describe("a message", () => {
  const message = { type: 1, serial: 7, path: "/o", interface: "i.f", member: "M", destination: "d.e", signature: "su", body: ["x", 3] };

  it("is framed and read back", () => {
    const bytes = encodeMessage(message);
    expect(messageLength(bytes.subarray(0, 15))).toBeUndefined();
    expect(messageLength(bytes)).toBe(bytes.length);
    expect(decodeMessage(bytes)).toEqual(message);
  });

  it("of another kind, or of gigabytes, is refused before it is gathered", () => {
    const bytes = encodeMessage(message);
    expect(() => messageLength(Buffer.from("HTTP/1.1 400 Bad Request\r\n"))).toThrow(expect.objectContaining({ name: "WireError" }));
    bytes.writeUInt32LE(0x7fff_ffff, 4);
    expect(() => messageLength(bytes)).toThrow("too long");
  });
});
