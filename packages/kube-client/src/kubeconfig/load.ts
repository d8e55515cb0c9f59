import { readFile, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { KubeClientError } from "../errors.ts";
import { parseKubeconfig } from "./parse.ts";
import type { Kubeconfig } from "./parse.ts";

/** No kubeconfig is a tenth as long, and the YAML parser holds the program up. */
const MAX_BYTES = 1024 * 1024;

/** Reads a kubeconfig file; its relative paths start at its folder. @throws KubeClientError "config" */
export const loadKubeconfig = async (path: string, options: { readonly maxBytes?: number | undefined } = {}): Promise<Kubeconfig> => {
  const { maxBytes = MAX_BYTES } = options;
  const file = resolve(path);
  let text: string;
  try {
    const { size } = await stat(file);
    if (size > maxBytes) {
      throw new KubeClientError({
        code: "config",
        message: `cannot read the kubeconfig ${file}: it is longer than ${maxBytes} bytes`,
        details: { file },
      });
    }
    text = await readFile(file, "utf8");
  } catch (error) {
    if (error instanceof KubeClientError) throw error;
    throw new KubeClientError({ code: "config", message: `cannot read the kubeconfig ${file}`, details: { file }, cause: error });
  }
  return parseKubeconfig(text, { file, directory: dirname(file) });
};
