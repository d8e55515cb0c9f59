import type { Container } from "./gen/core-v1.ts";

/** How runc, containerd and crun name an executable that could not be started. */
const QUOTED = [/\bexec: "((?:[^"\\]|\\.)+)"/u, /executable file [`"']([^`"']+)[`"']/u];

/** What Go's %q escaped. */
const unquoted = (text: string): string => {
  try {
    return String(JSON.parse(`"${text}"`));
  } catch {
    return text;
  }
};

/** Every place where the text stands by itself and is not the part of a longer word or path. */
const occurrencesOf = (text: string): RegExp =>
  new RegExp(String.raw`(?<![\w./-])${text.replaceAll(/[\\^$.*+?()[\]{}|]/gu, String.raw`\$&`)}(?![\w/-])`, "gu");

/**
 * What a runtime says about a start that failed, with the executable as the container's definition spells it and not as it was expanded:
 * variables in it may come from a Secret, and the message goes to events, statuses and logs. A command without variables is left as it is.
 */
export const hideExecutable = (message: string, container: Pick<Container, "command" | "args">): string => {
  const [spelled] = [...(container.command ?? []), ...(container.args ?? [])];
  if (spelled?.includes("$(") !== true) return message;
  const quoted = QUOTED.flatMap((pattern) => pattern.exec(message)?.[1] ?? [])[0];
  if (quoted === undefined) return message;
  // The longer form first: the plain one may be a part of it.
  return [quoted, unquoted(quoted)].reduce((text, hidden) => text.replaceAll(occurrencesOf(hidden), () => spelled), message);
};
