import { isIP } from "node:net";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ipFamilyOf, normalizeCidr, normalizeIp } from "./ip-address.ts";

describe("addresses", () => {
  it.each([
    ["10.1.0.5", "10.1.0.5"],
    ["2001:DB8:0:0:0:0:0:1", "2001:db8::1"],
    ["0:0:0:0:0:0:0:0", "::"],
    ["1:0:0:2:0:0:0:3", "1:0:0:2::3"],
    ["1:0:2:3:4:5:6:7", "1:0:2:3:4:5:6:7"],
    ["fe80::1:0:0:1", "fe80::1:0:0:1"],
    ["::ffff:10.1.0.5", "10.1.0.5"],
    ["::1.2.3.4", "::102:304"],
  ])("writes %s as %s, as Go does", (text, expected) => expect(normalizeIp(text)).toBe(expected));

  it.each([
    "",
    "10.1.0",
    "10.1.0.256",
    "010.1.0.5",
    "1::2::3",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "fe80::1%eth0",
    ":1",
    "12345::",
    "::1.2.3",
  ])("does not take %j for an address", (text) => expect(normalizeIp(text)).toBeUndefined());

  it.each([
    ["10.1.0.5/16", "10.1.0.5/16"],
    ["2001:DB8::0:5/64", "2001:db8::5/64"],
    ["::ffff:10.1.0.5/120", "10.1.0.5/24"],
    ["0.0.0.0/0", "0.0.0.0/0"],
  ])("writes %s as %s", (text, expected) => expect(normalizeCidr(text)).toBe(expected));

  it.each(["10.1.0.5", "10.1.0.5/33", "10.1.0.5/-1", "10.1.0.5/016", "2001:db8::/129", "/24", "x/24", "::ffff:10.1.0.5/24"])(
    "does not take %j for an address with a prefix",
    (text) => expect(normalizeCidr(text)).toBeUndefined(),
  );

  it("knows the family", () => expect([ipFamilyOf("10.1.0.5/16"), ipFamilyOf("::1"), ipFamilyOf("::ffff:1.2.3.4")]).toEqual([4, 6, 4]));

  it("takes every address that Node takes, and its own form is stable", () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (text) => {
        const normal = normalizeIp(text);
        expect(normal).toBeDefined();
        expect(isIP(normal ?? "")).not.toBe(0);
        expect(normalizeIp(normal ?? "")).toBe(normal);
      }),
    );
  });
});
