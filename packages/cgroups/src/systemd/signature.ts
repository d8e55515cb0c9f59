/** The first complete type of a D-Bus signature, e.g. `a(sv)` of `a(sv)u`; undefined when it is none. */
const typeEnd = (signature: string, at: number): number | undefined => {
  const code = signature[at];
  if (code === undefined) return undefined;
  if ("ybnqiuxtdsogvh".includes(code)) return at + 1;
  if (code === "a") return typeEnd(signature, at + 1);
  const closing = code === "(" ? ")" : code === "{" ? "}" : undefined;
  if (closing === undefined) return undefined;
  // Empty ones are forbidden, and a list of them would have no end.
  if (signature[at + 1] === closing) return undefined;
  let end: number | undefined = at + 1;
  while (end !== undefined && signature[end] !== closing) end = typeEnd(signature, end);
  return end === undefined ? undefined : end + 1;
};

/** The complete types that a signature is made of; undefined when it is not well-formed. */
export const splitSignature = (signature: string): readonly string[] | undefined => {
  const types: string[] = [];
  for (let at = 0; at < signature.length;) {
    const end = typeEnd(signature, at);
    if (end === undefined) return undefined;
    types.push(signature.slice(at, end));
    at = end;
  }
  return types;
};

const ALIGNMENTS: { readonly [code: string]: number } = { y: 1, g: 1, v: 1, n: 2, q: 2, x: 8, t: 8, d: 8, "(": 8, "{": 8 };

/** Where a value of a type may begin: at a multiple of this. */
export const alignmentOf = (type: string): number => ALIGNMENTS[type[0] ?? ""] ?? 4;
