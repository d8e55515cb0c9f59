import type { PodSpec } from "@nk/pod-model";

/** What one instance of a container does. */
export type Behaviour =
  | { readonly type: "exit"; readonly code: number }
  /** It runs until it is told to end. `code` undefined: it does not listen to SIGTERM. */
  | { readonly type: "run"; readonly code: number | undefined; readonly slowSeconds: number };

const readBehaviour = (text: string): Behaviour => {
  const exit = /^exit (\d+)$/.exec(text);
  if (exit !== null) return { type: "exit", code: Number(exit[1]) };
  if (text === "run") return { type: "run", code: 0, slowSeconds: 0 };
  if (text === "run, deaf") return { type: "run", code: undefined, slowSeconds: 0 };
  const onTerm = /^run, on TERM exit (\d+)(?: after (\d+(?:\.\d+)?) s)?$/.exec(text);
  if (onTerm !== null) return { type: "run", code: Number(onTerm[1]), slowSeconds: Number(onTerm[2] ?? 0) };
  throw new Error(`nobody knows how a container does this: ${text}`);
};

/** Every container of a pod's definition, of all kinds. */
export const containersOf = ({ initContainers = [], containers, ephemeralContainers = [] }: PodSpec) => [
  ...initContainers,
  ...containers,
  ...ephemeralContainers,
];

/** What the instances of a container do, one after another; the last one's way is that of all that follow. */
export const behavioursOf = (spec: PodSpec, name: string): readonly Behaviour[] =>
  (containersOf(spec).find((container) => container.name === name)?.args ?? ["run"]).map(readBehaviour);

/** Of the instance that is started as the nth, counted from 0. */
export const behaviourOf = (spec: PodSpec, name: string, index: number): Behaviour => {
  const behaviours = behavioursOf(spec, name);
  return behaviours[Math.min(index, behaviours.length - 1)] ?? { type: "run", code: 0, slowSeconds: 0 };
};
