// A kubelet that makes and gives back the volumes of a pod again and again, until it is killed.
import { createNodeParts, recordedPod } from "./node-parts.ts";

const { volumes, configMaps } = createNodeParts(process.argv[2] ?? "");
const options = {};
process.send?.("ready");
for (let round = 0; ; round += 1) {
  const ready = await volumes.prepare(recordedPod, options);
  const volumeHostPath = ready.get("e")?.hostPath ?? "";
  const place = { pod: recordedPod, containerName: "main", volumeName: "e", volumeHostPath };
  await volumes.resolveSubPath({ ...place, subPath: "a/b", mountIndex: 7 }, options);
  configMaps.put({ metadata: { name: "cm17", namespace: "rec" }, data: { k1: `round ${round}` } });
  await volumes.refresh("u17", options);
  await volumes.release("u17", options);
}
