/** Finds the value of a variable; undefined when there is none. */
export type VariableLookup = (name: string) => string | undefined;

const expandWith = (text: string, replace: (name: string) => string): string => {
  let expanded = "";
  let position = 0;
  // Looked for once: a text of "$(" alone would be searched to its end at each of them.
  const lastClose = text.lastIndexOf(")");
  while (position < text.length) {
    const next = text[position + 1];
    const close = next === "(" && position < lastClose ? text.indexOf(")", position + 2) : -1;
    if (text[position] === "$" && close !== -1) {
      expanded += replace(text.slice(position + 2, close));
      position = close + 1;
    } else if (text[position] === "$" && next !== undefined) {
      // `$$` stands for one `$`; a `$` before anything else, and before a `(` that is never closed, is itself.
      expanded += next === "$" ? "$" : `$${next}`;
      position += 2;
    } else {
      expanded += text[position] ?? "";
      position += 1;
    }
  }
  return expanded;
};

/**
 * Replaces `$(NAME)` by the variable's value; an unknown name is left as it stands and `$$` escapes (third_party/forked/golang/expansion).
 * Values are not expanded again.
 */
export const expandVariables = (text: string, lookup: VariableLookup): string => expandWith(text, (name) => lookup(name) ?? `$(${name})`);

/** The same for a subPathExpr, where an unknown name, or one without a value, is an error: returns them sorted instead of an expansion. */
export const expandSubPath = (
  text: string,
  lookup: VariableLookup,
): { readonly path: string } | { readonly missing: readonly string[] } => {
  const missing = new Set<string>();
  const path = expandWith(text, (name) => {
    const value = lookup(name);
    if (value === undefined || value === "") missing.add(name);
    return value ?? "";
  });
  return missing.size === 0 ? { path } : { missing: [...missing].toSorted() };
};
