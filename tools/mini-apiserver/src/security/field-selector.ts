/** The value that a field selector such as `spec.nodeName=n1,metadata.name!=x` demands of a field; undefined when it demands none. */
export const demandedValue = (selector: string | undefined, field: string): string | undefined => {
  for (const part of (selector ?? "").split(",")) {
    const match = /^\s*([^=!\s]+)\s*==?\s*([^=\s]*)\s*$/u.exec(part);
    if (match?.[1] === field) return match[2];
  }
  return undefined;
};
