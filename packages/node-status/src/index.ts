export { classifyApiError } from "./api-answer.ts";
export { computeCsiNode } from "./csi-node.ts";
export { NODE_STATUS_ERROR_CODES, NodeStatusError, isNodeStatusError } from "./errors.ts";
export { CONTROLLER_MANAGED_ATTACH_ANNOTATION } from "./initial-node.ts";
export { findLabelProblems, findTaintProblems } from "./labels.ts";
export { LEASE_NAMESPACE } from "./lease.ts";
export { readMachineFacts } from "./machine-facts.ts";
export { createNetworkFacts } from "./network-facts.ts";
export { NODE_EVENTS } from "./node-events.ts";
export { createNodeStatus } from "./node-status.ts";
export { PROVIDED_NODE_IP_ANNOTATION } from "./setters/addresses.ts";
export type { ApiAnswer } from "./api-answer.ts";
export type { NodeStatusErrorCode } from "./errors.ts";
export type {
  DeviceFacts,
  ImageFact,
  InterfaceFact,
  MachineFacts,
  NetworkFacts,
  NodeFacts,
  RuntimeCondition,
  RuntimeFacts,
  RuntimeHealth,
} from "./facts.ts";
export type { MachineFactsOptions } from "./machine-facts.ts";
export type { NetworkFactsOptions } from "./network-facts.ts";
export type { NodeStatus } from "./node-status.ts";
export type { NodeStatusOptions } from "./options.ts";
export type {
  CallOptions,
  EventPort,
  FactsPort,
  LeasePort,
  NetworkPort,
  NodeApiPort,
  NodeEvent,
  NodeListenerPort,
  NodePatch,
  NodeStatusPorts,
} from "./ports.ts";
export type { NodeSettings } from "./settings.ts";
