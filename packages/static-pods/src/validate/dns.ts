import { isIP } from "node:net";
import type { PodSpec } from "@nk/pod-model";
import { forEachItem } from "../field.ts";
import type { Field } from "../field.ts";
import { whyNotDnsLabel, whyNotDnsSubdomain } from "./names.ts";
import { checkOneOf } from "./rules.ts";

const MAX_NAMESERVERS = 3;
const MAX_SEARCHES = 32;
const MAX_SEARCH_LENGTH = 2048;

const checkIp = (address: string, field: Field): void => {
  if (isIP(address) === 0) field.invalid(address, "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)");
};

const checkDnsConfig = (spec: PodSpec, field: Field): void => {
  const nameservers = spec.dnsConfig?.nameservers ?? [];
  if (spec.dnsPolicy === "None" && nameservers.length === 0) {
    field.required(`must provide at least one DNS nameserver when \`dnsPolicy\` is None`);
  }
  if (nameservers.length > MAX_NAMESERVERS)
    field.at("nameservers").invalid(nameservers, `must not have more than ${MAX_NAMESERVERS} nameservers`);
  forEachItem(nameservers, field.at("nameservers"), checkIp);
  const searches = spec.dnsConfig?.searches ?? [];
  if (searches.length > MAX_SEARCHES) field.at("searches").invalid(searches, `must not have more than ${MAX_SEARCHES} search paths`);
  if (searches.join(" ").length > MAX_SEARCH_LENGTH) {
    field.at("searches").invalid(searches, `must not have more than ${MAX_SEARCH_LENGTH} characters (including spaces) in the search list`);
  }
  forEachItem(searches, field.at("searches"), (search, place) => {
    const name = search.replace(/\.$/u, "").replaceAll("_", "x");
    const why = name === "" && search !== "" ? undefined : whyNotDnsSubdomain(name);
    if (why !== undefined) place.invalid(search, why);
  });
  forEachItem(spec.dnsConfig?.options, field.at("options"), (option, place) => {
    if (!option.name) place.at("name").required();
  });
};

const MAX_HOSTNAME_CHARS = 64;

const checkHostnameOverride = ({ hostnameOverride, setHostnameAsFQDN, hostNetwork }: PodSpec, field: Field): void => {
  if (hostnameOverride === undefined) return;
  if (setHostnameAsFQDN === true) field.forbidden("may not be specified when setHostnameAsFQDN is true");
  if (hostNetwork === true) field.forbidden("may not be specified when hostNetwork is true");
  if (hostnameOverride.length > MAX_HOSTNAME_CHARS) field.report(`Too long: may not be more than ${MAX_HOSTNAME_CHARS} bytes`);
  const why = whyNotDnsSubdomain(hostnameOverride);
  if (why !== undefined) field.invalid(hostnameOverride, why);
};

/** DNS, host name and host aliases. */
export const validateDns = (spec: PodSpec, root: Field): void => {
  checkOneOf(spec.dnsPolicy, root.at("dnsPolicy"), ["ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"]);
  checkDnsConfig(spec, root.at("dnsConfig"));
  for (const name of ["hostname", "subdomain"] as const) {
    const why = spec[name] === undefined || spec[name] === "" ? undefined : whyNotDnsLabel(spec[name]);
    if (why !== undefined) root.at(name).invalid(spec[name], why);
  }
  checkHostnameOverride(spec, root.at("hostnameOverride"));
  forEachItem(spec.hostAliases, root.at("hostAliases"), (alias, field) => {
    checkIp(alias.ip, field.at("ip"));
    forEachItem(alias.hostnames, field.at("hostnames"), (hostname, place) => {
      const why = whyNotDnsSubdomain(hostname);
      if (why !== undefined) place.invalid(hostname, why);
    });
  });
};
