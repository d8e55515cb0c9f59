import { isIP, SocketAddress } from "node:net";

/** An IP address in its canonical spelling. An IPv4 address written as IPv6 (`::ffff:1.2.3.4`) is IPv4, as in Go. */
export interface Ip {
  readonly text: string;
  readonly family: 4 | 6;
}

const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/iu;
/** The reference still accepts leading zeros and reads them as decimal. */
const SLOPPY_V4 = /^\d{1,10}(?:\.\d{1,10}){3}$/u;

/** `undefined` when the text is no IP address. A zone (`fe80::1%eth0`) is dropped. */
export const parseIp = (text: string): Ip | undefined => {
  const bare = text.split("%")[0] ?? "";
  const plain = SLOPPY_V4.test(bare) ? bare.split(".").map(Number).join(".") : bare;
  const version = isIP(plain);
  if (version === 0) return undefined;
  if (version === 4) return { text: plain, family: 4 };
  const { address } = new SocketAddress({ address: plain, family: "ipv6" });
  const mapped = MAPPED.exec(address)?.[1];
  return mapped === undefined ? { text: address, family: 6 } : { text: mapped, family: 4 };
};

const firstByte = ({ text }: Ip): number => Number(text.slice(0, text.indexOf(".")));
const firstGroup = ({ text }: Ip): number => Number.parseInt(text.split(":")[0] || "0", 16);

export const isUnspecified = ({ text }: Ip): boolean => text === "0.0.0.0" || text === "::";
export const isLoopback = (ip: Ip): boolean => (ip.family === 4 ? firstByte(ip) === 127 : ip.text === "::1");
export const isMulticast = (ip: Ip): boolean => (ip.family === 4 ? firstByte(ip) >= 224 && firstByte(ip) < 240 : firstGroup(ip) >= 0xff00);
export const isLinkLocal = (ip: Ip): boolean =>
  ip.family === 4 ? ip.text.startsWith("169.254.") : firstGroup(ip) >= 0xfe80 && firstGroup(ip) < 0xfec0;

/** An address others can reach; private ranges count, as in Go's IsGlobalUnicast. */
export const isGlobalUnicast = (ip: Ip): boolean =>
  !isUnspecified(ip) && !isLoopback(ip) && !isMulticast(ip) && !isLinkLocal(ip) && ip.text !== "255.255.255.255";
