/**
 * JSON as Go's encoding/json spells it (`<`, `>`, `&`, U+2028 and U+2029 escaped): what is compared with, or read back by, a kubelet that
 * was written in Go.
 */
export const goJson = (value: unknown): string =>
  JSON.stringify(value).replaceAll(/[<>&\u2028\u2029]/gu, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
