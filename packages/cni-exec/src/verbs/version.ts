import { CniError, isCniError } from "../errors.ts";
import { createFieldReader } from "../fields.ts";
import { readAnswer, runPlugin } from "../plugin-run.ts";
import type { PluginCall } from "../plugin-run.ts";
import { findPlugin } from "../plugin-search.ts";
import { CURRENT_SPEC_VERSION } from "../spec-version.ts";
import type { VerbContext, VerbOptions } from "./context.ts";

/** What plugins say that are older than the VERSION verb. */
const UNKNOWN_VERB = "unknown CNI_COMMAND: VERSION";

/** The versions of the specification that a plugin says it supports. */
export const askVersions = async (context: VerbContext, type: string, { signal }: VerbOptions): Promise<readonly string[]> => {
  const call: PluginCall = {
    command: "VERSION",
    plugin: type,
    path: await findPlugin(type, context.settings.pluginDirs),
    stdin: JSON.stringify({ cniVersion: CURRENT_SPEC_VERSION }),
    // Plugins built with an old skeleton demand these whatever the verb.
    attachment: { netns: "dummy", ifName: "dummy" },
    pluginDirs: ["dummy"],
    signal,
  };
  let stdout: string;
  try {
    stdout = await runPlugin(context.settings, call);
  } catch (error) {
    if (isCniError(error) && error.details.pluginError?.msg === UNKNOWN_VERB) return ["0.1.0"];
    throw error;
  }
  const fail = (path: string, problem: string): CniError =>
    new CniError("plugin-output", `plugin ${type} answered VERSION with something else: ${path} ${problem}`, {
      plugin: type,
      command: "VERSION",
    });
  const reader = createFieldReader(readAnswer(call, stdout), "", fail);
  const answered = reader.string("cniVersion") ?? "";
  if (answered === "") throw fail("cniVersion", "is missing");
  const supported = reader.strings("supportedVersions") ?? [];
  if (supported.length > 0) return supported;
  // The first version with the verb did not list what it supports.
  if (answered === "0.2.0") return ["0.1.0", "0.2.0"];
  throw fail("supportedVersions", "is missing");
};
