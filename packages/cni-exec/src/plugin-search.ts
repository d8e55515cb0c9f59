import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { join } from "node:path";
import { CniError, errnoOf } from "./errors.ts";

/**
 * The path of a plugin: the first regular file of that name in the directories, as libcni searches.
 * @throws CniError "invalid-config" for a name that leads elsewhere, "plugin-not-found", "plugin-not-executable"
 */
export const findPlugin = async (type: string, dirs: readonly string[]): Promise<string> => {
  if (type === "" || type.includes("/") || type.includes("\0") || type === "." || type === "..")
    throw new CniError("invalid-config", `cannot run plugin ${JSON.stringify(type)}: a plugin's type is a file's name, not a path`, {
      plugin: type,
    });
  for (const dir of dirs) {
    const path = join(dir, type);
    const facts = await stat(path).catch(() => undefined);
    if (facts?.isFile() !== true) continue;
    try {
      await access(path, constants.X_OK);
    } catch (error) {
      throw new CniError("plugin-not-executable", `cannot run plugin ${type}: ${path} is not executable (${errnoOf(error)})`, {
        plugin: type,
        path,
        cause: error,
      });
    }
    return path;
  }
  const where = dirs.length === 0 ? "no directory to search was given" : `there is no such file in ${dirs.join(":")}`;
  throw new CniError("plugin-not-found", `cannot run plugin ${type}: ${where}`, { plugin: type });
};
