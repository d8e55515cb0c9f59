import { describe, expect, it } from "vitest";
import { encodeIpAddress, formatIpAddress } from "./ip-address.ts";

describe("IP addresses", () => {
  it.each([
    ["10.0.0.255", "10.0.0.255"],
    ["::", "::"],
    ["::1", "::1"],
    ["1::", "1::"],
    ["2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
    ["1:0:2:0:3:0:4:0", "1:0:2:0:3:0:4:0"],
    ["fe80::0:1:2:3:4", "fe80::1:2:3:4"],
    ["::ffff:10.1.2.3", "::ffff:a01:203"],
    ["64:ff9b::1.2.3.4", "64:ff9b::102:304"],
  ])("%s is written as %s after a round trip", (text, canonical) => {
    expect(formatIpAddress(encodeIpAddress(text))).toBe(canonical);
    expect(encodeIpAddress(canonical)).toEqual(encodeIpAddress(text));
  });

  it.each(["", "1.2.3", "::1%eth0", "host", "1::2::3"])("%j is refused", (text) => {
    expect(() => encodeIpAddress(text)).toThrow(expect.objectContaining({ code: "invalid-argument" }) as Error);
  });

  it("of another length are none", () => {
    expect(formatIpAddress(new Uint8Array(5))).toBeUndefined();
  });
});
