import { isHostNetwork, podRef } from "@nk/pod-model";
import type { Pod } from "@nk/pod-model";
import { rejectConfig } from "./reject.ts";

/** A pod's name for itself: the short host name, and the domain after it (empty when the pod has no subdomain). */
export interface PodHostname {
  readonly hostname: string;
  readonly domain: string;
}

/** The kernel's node name holds 64 characters; a host name is one shorter, as in the reference. */
const MAX_HOSTNAME_CHARS = 63;
const MAX_FQDN_CHARS = 64;

const LABEL = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/u;
const SUBDOMAIN = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/u;
const LABEL_TEXT =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric " +
  "character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const SUBDOMAIN_TEXT =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an " +
  "alphanumeric character (e.g. 'example.com', regex used for validation is " +
  "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

interface NameRule {
  readonly kind: "DNS label" | "DNS subdomain";
  readonly maxChars: number;
  readonly pattern: RegExp;
  readonly text: string;
}

const LABEL_RULE: NameRule = { kind: "DNS label", maxChars: 63, pattern: LABEL, text: LABEL_TEXT };
const SUBDOMAIN_RULE: NameRule = { kind: "DNS subdomain", maxChars: 253, pattern: SUBDOMAIN, text: SUBDOMAIN_TEXT };

const requireName = (field: "Hostname" | "Subdomain" | "HostnameOverride", value: string, rule: NameRule): string => {
  const problems = [
    ...(value.length > rule.maxChars ? [`must be no more than ${rule.maxChars} bytes`] : []),
    ...(rule.pattern.test(value) ? [] : [rule === LABEL_RULE && SUBDOMAIN.test(value) ? "must not contain dots" : rule.text]),
  ];
  if (problems.length === 0) return value;
  throw rejectConfig(`pod ${field} ${JSON.stringify(value)} is not a valid ${rule.kind}: ${problems.join(";")}`);
};

const cutHostname = (podName: string, hostname: string): string => {
  if (hostname.length <= MAX_HOSTNAME_CHARS) return hostname;
  const cut = hostname.slice(0, MAX_HOSTNAME_CHARS).replace(/[-.]+$/u, "");
  if (cut === "") throw rejectConfig(`hostname for pod ${JSON.stringify(podName)} was invalid: ${JSON.stringify(hostname)}`);
  return cut;
};

/**
 * The host name and domain of a pod (GeneratePodHostNameAndDomain, pkg/kubelet/kubelet_pods.go). Rejects names that are no DNS names,
 * which only a pod that was never validated can have.
 */
export const computePodHostname = (pod: Pod, clusterDomain: string): PodHostname => {
  const { name, namespace } = podRef(pod);
  const { hostname, hostnameOverride, subdomain } = pod.spec ?? {};
  if (hostnameOverride !== undefined) {
    return { hostname: cutHostname(name, requireName("HostnameOverride", hostnameOverride, SUBDOMAIN_RULE)), domain: "" };
  }
  const own = hostname === undefined || hostname === "" ? name : requireName("Hostname", hostname, LABEL_RULE);
  const domain =
    subdomain === undefined || subdomain === ""
      ? ""
      : `${requireName("Subdomain", subdomain, LABEL_RULE)}.${namespace}.svc.${clusterDomain}`;
  return { hostname: cutHostname(name, own), domain };
};

/**
 * The host name that the sandbox gets: none on the host network, the full name with setHostnameAsFQDN, else the short one. Rejects a full
 * name of more than 64 characters.
 */
export const computeSandboxHostname = (pod: Pod, clusterDomain: string): string => {
  if (isHostNetwork(pod)) return "";
  const { hostname, domain } = computePodHostname(pod, clusterDomain);
  if (domain === "" || pod.spec?.setHostnameAsFQDN !== true) return hostname;
  const fqdn = `${hostname}.${domain}`;
  if (fqdn.length > MAX_FQDN_CHARS) {
    throw rejectConfig(
      `failed to construct FQDN from pod hostname and cluster domain, FQDN ${fqdn} is too long ` +
        `(${MAX_FQDN_CHARS} characters is the max, ${fqdn.length} characters requested)`,
    );
  }
  return fqdn;
};
