import type { Node, NodeStatus } from "@nk/pod-model";
import { setAddresses } from "./setters/addresses.ts";
import { setDaemonEndpoints } from "./setters/daemon-endpoints.ts";
import { setDeclaredFeatures } from "./setters/declared-features.ts";
import { setDiskPressure } from "./setters/disk-pressure.ts";
import { setFeatures } from "./setters/features.ts";
import { setGoRuntime } from "./setters/go-runtime.ts";
import { setImages } from "./setters/images.ts";
import { setMachineInfo } from "./setters/machine-info.ts";
import { setMemoryPressure } from "./setters/memory-pressure.ts";
import { setPidPressure } from "./setters/pid-pressure.ts";
import { setReady } from "./setters/ready.ts";
import { setRuntimeHandlers } from "./setters/runtime-handlers.ts";
import { setSchedulable } from "./setters/schedulable.ts";
import type { Setter, SetterInput, SetterOutput, TopicalEvent } from "./setters/setter.ts";
import { setVersionInfo } from "./setters/version-info.ts";
import { setVolumesInUse } from "./setters/volumes-in-use.ts";

/** In the reference's order, which is also that of the conditions. Ready looks at what machine-info has set. */
const SETTERS: readonly Setter[] = [
  setAddresses,
  setMachineInfo,
  setVersionInfo,
  setDaemonEndpoints,
  setImages,
  setGoRuntime,
  setRuntimeHandlers,
  setFeatures,
  setMemoryPressure,
  setDiskPressure,
  setPidPressure,
  setReady,
  setVolumesInUse,
  setSchedulable,
  setDeclaredFeatures,
];

/** What {@link computeNode} makes of the facts. */
export interface ComputedNode {
  readonly node: Node;
  readonly events: readonly TopicalEvent[];
  /** Parts that could not be computed and stay as they were. */
  readonly problems: readonly string[];
}

/** The node with what a setter says about it; an annotation that is `undefined` goes. */
const applyOutput = (node: Node, { status, annotations }: SetterOutput): Node => {
  const entries = Object.entries({ ...node.metadata?.annotations, ...annotations }).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  const { annotations: _, ...metadata } = node.metadata ?? {};
  const nextStatus: NodeStatus = { ...node.status, ...status };
  return {
    ...node,
    metadata: { ...metadata, ...(entries.length === 0 ? {} : { annotations: Object.fromEntries(entries) }) },
    status: nextStatus,
  };
};

/** The labels every node must have; whoever removed or changed them gets them back. */
const withRequiredLabels = (node: Node, { facts: { machine } }: SetterInput): Node =>
  machine === undefined
    ? node
    : {
        ...node,
        metadata: {
          ...node.metadata,
          labels: {
            ...node.metadata?.labels,
            "kubernetes.io/os": machine.operatingSystem,
            "kubernetes.io/arch": machine.architecture,
          },
        },
      };

/** The node as it should be now. Pure; `input.node` is the node as the server has it. */
export const computeNode = (input: SetterInput): ComputedNode => {
  const events: TopicalEvent[] = [];
  const problems: string[] = [];
  let node = withRequiredLabels(input.node, input);
  for (const setter of SETTERS) {
    const output = setter({ ...input, node });
    node = applyOutput(node, output);
    events.push(...(output.events ?? []));
    if (output.problem !== undefined) problems.push(output.problem);
  }
  return { node, events, problems };
};
