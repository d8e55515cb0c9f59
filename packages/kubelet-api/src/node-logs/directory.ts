import { opendir } from "node:fs/promises";
import { KubeletApiError } from "../errors.ts";
import { escapeHtml } from "../http/respond.ts";

/** A name as it stands in a relative URL: Go's url.URL{Path: name}.String(). */
const escapeName = (name: string): string => {
  const escaped = name
    .split("/")
    .map((part) => encodeURIComponent(part).replace(/%(24|26|2B|2C|3A|3B|3D|40)/g, (code) => decodeURIComponent(code)))
    .join("/");
  // A colon in the first part would read as a scheme.
  return escaped.split("/", 1)[0]?.includes(":") === true ? `./${escaped}` : escaped;
};

/** A directory's entries as links, in the form of Go's http.FileServer. @throws KubeletApiError "internal" over the limit */
export const renderDirectory = async (path: string, maxEntries: number): Promise<string> => {
  const names: string[] = [];
  for await (const entry of await opendir(path)) {
    names.push(entry.isDirectory() ? `${entry.name}/` : entry.name);
    if (names.length > maxEntries) throw new KubeletApiError("internal", `directory has more than ${maxEntries} entries\n`);
  }
  const links = names.toSorted().map((name) => `<a href="${escapeHtml(escapeName(name))}">${escapeHtml(name)}</a>\n`);
  return `<!doctype html>\n<meta name="viewport" content="width=device-width">\n<pre>\n${links.join("")}</pre>\n`;
};
