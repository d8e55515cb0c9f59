import { createEmitter } from "@nk/stdx";
import type { MachineFacts, NetworkFacts, NodeFacts } from "../facts.ts";
import type { FactsPort } from "../ports.ts";

/** A machine of two CPUs and 4 GiB. */
export const FAKE_MACHINE: MachineFacts = {
  machineId: "machine-1",
  systemUuid: "system-1",
  bootId: "boot-1",
  kernelVersion: "6.18.0",
  osImage: "Debian GNU/Linux 12 (bookworm)",
  operatingSystem: "linux",
  architecture: "amd64",
  cpus: 2,
  memoryBytes: 4n * 1024n ** 3n,
  swapBytes: 0n,
  hugePages: [{ sizeBytes: 2n * 1024n ** 2n, pages: 0n }],
  diskBytes: 100n * 1024n ** 3n,
  diskInodes: 1_000_000n,
};

/** Everything well: the node is ready. */
export const FAKE_FACTS: NodeFacts = {
  machine: FAKE_MACHINE,
  runtime: {
    name: "containerd",
    version: "2.1.9",
    health: {
      kind: "answered",
      runtime: { type: "RuntimeReady", status: true, reason: "", message: "" },
      network: { type: "NetworkReady", status: true, reason: "", message: "" },
    },
    handlers: [{ name: "", features: { recursiveReadOnlyMounts: true, userNamespaces: false } }],
    features: { supplementalGroupsPolicy: true },
  },
  images: [],
  pressure: { memory: false, disk: false, pid: false },
};

/** One interface with 192.0.2.7 and the default route. */
export const FAKE_NETWORK: NetworkFacts = {
  interfaces: [
    { name: "lo", isLoopback: true, addresses: ["127.0.0.1", "::1"] },
    { name: "eth0", isLoopback: false, addresses: ["192.0.2.7", "2001:db8::7"] },
  ],
  defaultRoutes: { ipv4: ["eth0"], ipv6: ["eth0"] },
  resolved: [],
};

/** Facts a test changes. */
export interface FakeFacts extends FactsPort {
  /** Replaces some of them and tells everybody. */
  change(part: Partial<NodeFacts>): void;
  /** No facts: as before the first are complete. */
  clear(): void;
  /** Tells everybody although nothing has changed. */
  notify(): void;
}

/** Facts that begin as given, {@link FAKE_FACTS} by default. */
export const createFakeFacts = (initial: NodeFacts | undefined = FAKE_FACTS): FakeFacts => {
  const changes = createEmitter<void>();
  let facts: NodeFacts | undefined = initial;
  return {
    current: () => facts,
    subscribe: (listener) => changes.subscribe(listener),
    change(part) {
      facts = { ...(facts ?? FAKE_FACTS), ...part };
      changes.emit();
    },
    clear() {
      facts = undefined;
    },
    notify: () => changes.emit(),
  };
};
