import type { SetterInput } from "../src/setters/setter.ts";
import { resolveSettings } from "../src/settings.ts";
import type { NodeSettings } from "../src/settings.ts";
import { FAKE_FACTS, FAKE_NETWORK } from "../src/testing/index.ts";

/** What a setter looks at: all well, at a fixed time, but for what is given. */
export const setterInput = (
  change: Partial<Omit<SetterInput, "settings">> & { readonly settings?: Partial<NodeSettings> } = {},
): SetterInput => {
  const { settings, ...rest } = change;
  return {
    facts: FAKE_FACTS,
    network: FAKE_NETWORK,
    node: {},
    now: "2026-01-01T00:00:10Z",
    nowMs: Date.UTC(2026, 0, 1, 0, 0, 10),
    runtimeDownAfterMs: 30_000,
    wasUnschedulable: false,
    ...rest,
    settings: resolveSettings({ nodeName: "node-1", kubeletVersion: "v1.36.0", ...settings }),
  };
};
