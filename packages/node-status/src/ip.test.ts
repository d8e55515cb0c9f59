import { describe, expect, it } from "vitest";
import { isGlobalUnicast, isLinkLocal, isLoopback, isMulticast, isUnspecified, parseIp } from "./ip.ts";

describe("parseIp", () => {
  it.each([
    ["192.0.2.7", "192.0.2.7"],
    ["192.000.002.007", "192.0.2.7"],
    ["2001:DB8:0:0::7", "2001:db8::7"],
    ["::ffff:192.0.2.7", "192.0.2.7"],
    ["fe80::1%eth0", "fe80::1"],
    ["::", "::"],
  ])("reads %s as %s", (text, expected) => expect(parseIp(text)?.text).toBe(expected));

  it.each(["", "node-1", "1.2.3", "256.1.1.1", "1.2.3.4.5", "2001:db8::g", "1.2.3.4/24", "0x7f.1.1.1"])("does not read %j", (text) =>
    expect(parseIp(text)).toBeUndefined(),
  );

  it.each([
    ["10.0.0.1", [isGlobalUnicast]],
    ["fd00::1", [isGlobalUnicast]],
    ["1::1", [isGlobalUnicast]],
    ["127.3.2.1", [isLoopback]],
    ["::1", [isLoopback]],
    ["239.1.1.1", [isMulticast]],
    ["ff02::1", [isMulticast]],
    ["169.254.1.1", [isLinkLocal]],
    ["febf::1", [isLinkLocal]],
    ["fec0::1", [isGlobalUnicast]],
    ["0.0.0.0", [isUnspecified]],
    ["255.255.255.255", []],
  ])("sorts %s", (text, expected) => {
    const ip = parseIp(text) ?? { text: "", family: 4 as const };
    const all = [isGlobalUnicast, isLoopback, isMulticast, isLinkLocal, isUnspecified];
    expect(all.filter((is) => is(ip))).toEqual(expected);
  });
});
