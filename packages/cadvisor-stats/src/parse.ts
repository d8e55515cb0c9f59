const ZERO = 48;
const NINE = 57;

/** Where the digits that begin at `at` end; -1 when there are none, or something other than blank or line end follows them. */
const digitsEnd = (text: string, at: number): number => {
  let end = at;
  for (; end < text.length; end += 1) {
    const code = text.charCodeAt(end);
    if (code < ZERO || code > NINE) break;
  }
  if (end === at) return -1;
  return end === text.length || text.charCodeAt(end) === 10 || text.charCodeAt(end) === 32 || text.charCodeAt(end) === 9 ? end : -1;
};

/** Where the value of `key` begins in a text of `key value` lines; -1 when there is no such line. */
const valueStart = (text: string, key: string): number => {
  if (text.startsWith(`${key} `)) return key.length + 1;
  const at = text.indexOf(`\n${key} `);
  return at < 0 ? -1 : at + key.length + 2;
};

/** The whole number that a text begins with; undefined for anything else, a negative number and `max` among it. */
export const parseCount = (text: string | undefined, at = 0): number | undefined => {
  if (text === undefined) return undefined;
  const end = digitsEnd(text, at);
  return end < 0 ? undefined : Number(text.slice(at, end));
};

/** As `parseCount`, exact whatever its size. */
export const parseBigCount = (text: string | undefined, at = 0): bigint | undefined => {
  if (text === undefined) return undefined;
  const end = digitsEnd(text, at);
  return end < 0 ? undefined : BigInt(text.slice(at, end));
};

/** The number of one line of a `key value` file such as memory.stat. */
export const parseKeyed = (text: string | undefined, key: string): number | undefined => {
  if (text === undefined) return undefined;
  const at = valueStart(text, key);
  return at < 0 ? undefined : parseCount(text, at);
};

/** As `parseKeyed`, exact whatever its size. */
export const parseBigKeyed = (text: string | undefined, key: string): bigint | undefined => {
  if (text === undefined) return undefined;
  const at = valueStart(text, key);
  return at < 0 ? undefined : parseBigCount(text, at);
};

/** Past this a limit is none: v1 writes the largest multiple of a page, memory.max may say 2^64-1 (cAdvisor: maxMemorySize). */
const UNLIMITED = 2 ** 62;

/** A limit of bytes or tasks: undefined when there is none, which the kernel writes as `max`, -1 or a number beyond all memory. */
export const parseLimit = (text: string | undefined): number | undefined => {
  const value = parseCount(text);
  return value === undefined || value > UNLIMITED ? undefined : value;
};

/** The words of a line. */
export const splitWords = (line: string): readonly string[] => line.split(/\s+/).filter((word) => word !== "");

/** The CPUs or nodes of a list such as `0-3,8`; none for garbage. Longer lists than 65536 are cut. */
export const parseIdList = (text: string | undefined): readonly number[] => {
  const ids: number[] = [];
  for (const part of (text ?? "").trim().split(",")) {
    const match = /^(\d+)(?:-(\d+))?$/.exec(part);
    if (!match) continue;
    const first = Number(match[1]);
    for (let id = first; id <= Number(match[2] ?? match[1]) && ids.length < 65_536; id += 1) ids.push(id);
  }
  return ids;
};
