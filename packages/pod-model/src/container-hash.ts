import { goJson } from "./go-json.ts";

const encoder = new TextEncoder();

/**
 * The hash of a container's definition, as annotation `io.kubernetes.container.hash` carries it. Only name and image count: a container
 * is replaced when it differs. Equal to the reference's (HashContainer, pkg/kubelet/container/helpers.go), so that a node can change
 * kubelets without restarting anything: FNV-1a over the way Go's spew prints the bytes of the JSON object.
 */
export const containerHash = (container: { readonly name: string; readonly image?: string }): string => {
  const json = `{"image":${goJson(container.image ?? "")},"name":${goJson(container.name)}}`;
  const printed = `([]uint8)[${encoder.encode(json).join(" ")}]`;
  let hash = 0x811c9dc5;
  for (const byte of encoder.encode(printed)) hash = Math.imul(hash ^ byte, 0x01000193);
  return (hash >>> 0).toString(16);
};
