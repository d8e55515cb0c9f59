/** JSON with bigint as plain numbers, as Go writes 64-bit ones; properties that are undefined are left out. */
export const formatJson = (value: unknown): string => {
  if (typeof value === "bigint") return String(value);
  if (Array.isArray(value)) return `[${value.map(formatJson).join(",")}]`;
  if (value instanceof Map) return formatJson(Object.fromEntries(value));
  if (typeof value === "object" && value !== null) {
    const members = Object.entries(value).filter(([, member]) => member !== undefined);
    return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${formatJson(member)}`).join(",")}}`;
  }
  return JSON.stringify(value) ?? "null";
};
