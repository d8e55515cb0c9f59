import { setUpContentVolume } from "../content/content-volume.ts";
import { gatherConfigMap } from "../content/object-files.ts";
import { DEFAULT_FILE_MODE, needObjects, requireObjects } from "./content-ports.ts";
import type { VolumePlugin } from "./plugin.ts";

const NAME = "kubernetes.io/configmap";

/** The keys of a ConfigMap as files, on the node's disk. */
export const configMapPlugin: VolumePlugin = {
  name: NAME,
  source: "configMap",
  hasContent: true,
  refusal: (_volume, ports) => needObjects("configMap", ports),
  setUp: async (task, tools) => {
    const { name = "", items = [], defaultMode = DEFAULT_FILE_MODE, optional = false } = task.volume.configMap ?? {};
    const selection = { namespace: task.ref.namespace, name, items, defaultMode, optional };
    const files = await gatherConfigMap(requireObjects(tools), selection, { signal: task.signal });
    return setUpContentVolume(task, tools, { plugin: NAME, inMemory: false, content: { payload: new Map(files) } });
  },
};
