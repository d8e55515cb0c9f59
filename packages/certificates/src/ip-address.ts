import { isIP } from "node:net";
import { CertificatesError } from "./errors.ts";

const groupsOf = (text: string): readonly number[] => (text === "" ? [] : text.split(":").map((group) => Number.parseInt(group, 16)));

const v4Bytes = (text: string): readonly number[] => text.split(".").map(Number);

/** An IPv6 address may end in dotted IPv4; written here as two groups. */
const withoutDots = (text: string): string => {
  const at = text.lastIndexOf(":") + 1;
  const tail = text.slice(at);
  if (!tail.includes(".")) return text;
  const [a = 0, b = 0, c = 0, d = 0] = v4Bytes(tail);
  return `${text.slice(0, at)}${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
};

/** Network-order bytes: 4 or 16. A zone (`%eth0`) is refused. @throws CertificatesError invalid-argument */
export const encodeIpAddress = (text: string): Uint8Array => {
  const family = text.includes("%") ? 0 : isIP(text);
  if (family === 4) return Uint8Array.from(v4Bytes(text));
  if (family !== 6) throw new CertificatesError("invalid-argument", `encode IP address ${JSON.stringify(text.slice(0, 64))}: malformed`);
  const [head = "", tail] = withoutDots(text).split("::");
  const [front, back] = [groupsOf(head), groupsOf(tail ?? "")];
  const groups = [...front, ...Array.from({ length: 8 - front.length - back.length }, () => 0), ...back];
  return Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 0xff]));
};

const formatV6 = (bytes: Uint8Array): string => {
  const groups = Array.from({ length: 8 }, (_, index) => (bytes[index * 2] ?? 0) * 256 + (bytes[index * 2 + 1] ?? 0));
  let longest = { start: -1, length: 1 };
  for (let start = 0; start < 8; start += 1) {
    let length = 0;
    while (groups[start + length] === 0) length += 1;
    if (length > longest.length) longest = { start, length };
  }
  const hex = groups.map((group) => group.toString(16));
  if (longest.start < 0) return hex.join(":");
  return `${hex.slice(0, longest.start).join(":")}::${hex.slice(longest.start + longest.length).join(":")}`;
};

/** The canonical text (RFC 5952) of 4 or 16 bytes; undefined for any other length. */
export const formatIpAddress = (bytes: Uint8Array): string | undefined => {
  if (bytes.length === 4) return bytes.join(".");
  return bytes.length === 16 ? formatV6(bytes) : undefined;
};
