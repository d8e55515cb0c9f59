import { expect, it } from "vitest";
import { dottedSysctlName } from "./sysctl-name.ts";

it.each([
  ["kernel.shm_rmid_forced", "kernel.shm_rmid_forced"],
  ["net/ipv4/tcp_syncookies", "net.ipv4.tcp_syncookies"],
  ["net/ipv4/conf/eth0.100/forwarding", "net.ipv4.conf.eth0/100.forwarding"],
  ["net.ipv4.conf.eth0/100.forwarding", "net.ipv4.conf.eth0/100.forwarding"],
  ["", ""],
])("writes the sysctl %s with dots", (name, dotted) => {
  expect(dottedSysctlName(name)).toBe(dotted);
});
