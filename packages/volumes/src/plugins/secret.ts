import { setUpContentVolume } from "../content/content-volume.ts";
import { gatherSecret } from "../content/object-files.ts";
import { DEFAULT_FILE_MODE, needMounts, needObjects, requireObjects } from "./content-ports.ts";
import type { VolumePlugin } from "./plugin.ts";

const NAME = "kubernetes.io/secret";

/** The keys of a Secret as files, in memory only. */
export const secretPlugin: VolumePlugin = {
  name: NAME,
  source: "secret",
  hasContent: true,
  refusal: (_volume, ports) => needObjects("secret", ports) ?? needMounts("secret", ports),
  setUp: async (task, tools) => {
    const { secretName: name = "", items = [], defaultMode = DEFAULT_FILE_MODE, optional = false } = task.volume.secret ?? {};
    const selection = { namespace: task.ref.namespace, name, items, defaultMode, optional };
    const files = await gatherSecret(requireObjects(tools), selection, { signal: task.signal });
    return setUpContentVolume(task, tools, { plugin: NAME, inMemory: true, content: { payload: new Map(files) } });
  },
};
