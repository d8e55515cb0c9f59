/** The bytes of an address: 4 or 16. An IPv4 address in IPv6's clothes has 4. */
type AddressBytes = readonly number[];

const parseIpv4 = (text: string): AddressBytes | undefined => {
  const parts = text.split(".");
  // A leading zero is octal to some programs and decimal to others; Go refuses it, so plugins do.
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255)) return undefined;
  return parts.map(Number);
};

const parseGroups = (text: string): readonly number[] | undefined => {
  if (text === "") return [];
  const parts = text.split(":");
  const groups: number[] = [];
  for (const [index, part] of parts.entries()) {
    const last = index === parts.length - 1 && part.includes(".") ? parseIpv4(part) : undefined;
    if (last !== undefined) groups.push(((last[0] ?? 0) << 8) | (last[1] ?? 0), ((last[2] ?? 0) << 8) | (last[3] ?? 0));
    else if (/^[0-9a-f]{1,4}$/i.test(part)) groups.push(Number.parseInt(part, 16));
    else return undefined;
  }
  return groups;
};

const parseIpv6 = (text: string): AddressBytes | undefined => {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const head = parseGroups(halves[0] ?? "");
  const tail = halves.length === 2 ? parseGroups(halves[1] ?? "") : [];
  if (head === undefined || tail === undefined) return undefined;
  const gap = 8 - head.length - tail.length;
  if (halves.length === 2 ? gap < 1 : gap !== 0) return undefined;
  const bytes = [...head, ...Array.from<number>({ length: gap }).fill(0), ...tail].flatMap((group) => [group >> 8, group & 0xff]);
  const isMapped = bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 0xff && bytes[11] === 0xff;
  return isMapped ? bytes.slice(12) : bytes;
};

const parseBytes = (text: string): AddressBytes | undefined => (text.includes(":") ? parseIpv6(text) : parseIpv4(text));

/** The first of the longest runs of at least two zero groups, which is written as "::". */
const findLongestGap = (groups: readonly number[]): { readonly start: number; readonly end: number } => {
  let best = { start: -1, end: -1 };
  for (let start = 0; start < groups.length; start += 1) {
    let end = start;
    while (end < groups.length && groups[end] === 0) end += 1;
    if (end - start > Math.max(1, best.end - best.start)) best = { start, end };
  }
  return best;
};

const formatBytes = (bytes: AddressBytes): string => {
  if (bytes.length === 4) return bytes.join(".");
  const groups = Array.from({ length: 8 }, (_, index) => ((bytes[2 * index] ?? 0) << 8) | (bytes[2 * index + 1] ?? 0));
  const { start, end } = findLongestGap(groups);
  const write = (part: readonly number[]): string => part.map((group) => group.toString(16)).join(":");
  return start < 0 ? write(groups) : `${write(groups.slice(0, start))}::${write(groups.slice(end))}`;
};

/** An address in the one form in which Go, and so libcni, writes it (RFC 5952); undefined for what is no address. */
export const normalizeIp = (text: string): string | undefined => {
  const bytes = parseBytes(text);
  return bytes === undefined ? undefined : formatBytes(bytes);
};

/** 4 or 6 for an address or a CIDR; an IPv4 address in IPv6's clothes counts as 4. */
export const ipFamilyOf = (text: string): 4 | 6 => (parseBytes(text.split("/")[0] ?? "")?.length === 4 ? 4 : 6);

/** "address/prefix" in Go's form, host bits kept; undefined for what is no such thing. */
export const normalizeCidr = (text: string): string | undefined => {
  const slash = text.indexOf("/");
  const address = text.slice(0, Math.max(0, slash));
  const prefix = text.slice(slash + 1);
  const bytes = parseBytes(address);
  if (slash < 0 || bytes === undefined || !/^(0|[1-9]\d{0,2})$/.test(prefix)) return undefined;
  const isMapped = bytes.length === 4 && address.includes(":");
  const bits = Number(prefix) - (isMapped ? 96 : 0);
  return bits < 0 || bits > bytes.length * 8 ? undefined : `${formatBytes(bytes)}/${bits}`;
};
