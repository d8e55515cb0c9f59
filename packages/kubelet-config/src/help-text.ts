import { FLAGS } from "./flags.ts";
import type { FlagDefinition } from "./flags.ts";

const formatFlag = (flag: FlagDefinition): string => {
  const shorthand = flag.shorthand === undefined || flag.shorthand === flag.name ? "" : `-${flag.shorthand}, `;
  const dashes = flag.name.length === 1 ? "-" : "--";
  const kind = flag.kind === "bool" ? "" : ` ${flag.kind}`;
  const head = `  ${shorthand}${dashes}${flag.name}${kind}`;
  const note = flag.support.state === "inert" ? ` (no effect: ${flag.support.why})` : "";
  return `${head.padEnd(52)} ${flag.help}${note}`;
};

/** The text of `--help`: every flag of the reference, those that nk refuses apart. */
export const formatHelp = (): string => {
  const flags = [...FLAGS.values()];
  const accepted = flags.filter((flag) => flag.support.state !== "unsupported");
  const refused = flags.filter((flag) => flag.support.state === "unsupported");
  return [
    "nk is a Kubernetes kubelet: it runs the pods that are meant for this node.",
    "",
    "Usage:",
    "  kubelet [flags]",
    "  kubelet explain pod [NAMESPACE/]NAME     what the kubelet that runs here is doing with a pod",
    "  kubelet timeline pod [NAMESPACE/]NAME    how the pod's start went",
    "",
    "Flags:",
    ...accepted.map(formatFlag),
    "",
    "Flags of the reference that nk does not support yet (only their defaults are accepted):",
    ...refused.map(formatFlag),
    "",
  ].join("\n");
};
