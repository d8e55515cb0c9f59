import { setUpContentVolume } from "../content/content-volume.ts";
import { gatherDownward } from "../content/downward-files.ts";
import { DEFAULT_FILE_MODE, needFields, needMounts, requireFields } from "./content-ports.ts";
import type { VolumePlugin } from "./plugin.ts";

const NAME = "kubernetes.io/downward-api";

/** Fields of the pod as files, in memory. */
export const downwardApiPlugin: VolumePlugin = {
  name: NAME,
  source: "downwardAPI",
  hasContent: true,
  refusal: (_volume, ports) => needFields("downwardAPI", ports) ?? needMounts("downwardAPI", ports),
  setUp: async (task, tools) => {
    const { items = [], defaultMode = DEFAULT_FILE_MODE } = task.volume.downwardAPI ?? {};
    const options = { fields: requireFields(tools), signal: task.signal };
    const files = await gatherDownward(task.pod, { items, defaultMode }, options);
    return setUpContentVolume(task, tools, { plugin: NAME, inMemory: true, content: { payload: new Map(files) } });
  },
};
