/** What every resolver library can take (pkg/apis/core/validation); more is cut off. */
export const DNS_LIMITS = { nameservers: 3, searches: 32, searchLineChars: 2048, searchDomainChars: 253 } as const;

/** The parts of a resolv.conf that pods inherit. */
export interface ResolvConf {
  readonly nameservers: readonly string[];
  readonly searches: readonly string[];
  /** `name` or `name:value`. */
  readonly options: readonly string[];
}

const optionName = (option: string): string => option.split(":", 1)[0] ?? option;

/** Joins resolver options so that each name stands once, at its first place and with its last value. */
export const mergeResolverOptions = (...lists: readonly (readonly string[])[]): readonly string[] => {
  const byName = new Map<string, string>();
  for (const option of lists.flat()) byName.set(optionName(option), option);
  return [...byName.values()];
};

/** What a node's resolv.conf is looked at with. */
export interface ResolvConfFacts {
  readonly path: string;
  readonly clusterDomain: string;
}

/**
 * Why pods will not get all of the node's search domains, for an event about the node; undefined when they fit (CheckLimitsForResolvConf in
 * the reference, whose words these are).
 */
export const findResolvConfProblem = ({ searches }: ResolvConf, { path, clusterDomain }: ResolvConfFacts): string | undefined => {
  // The cluster's own three come first.
  const limit = DNS_LIMITS.searches - (clusterDomain === "" ? 0 : 3);
  if (searches.length > limit) return `Resolv.conf file '${path}' contains search line consisting of more than ${limit} domains!`;
  const { searchDomainChars, searchLineChars } = DNS_LIMITS;
  if (searches.some((domain) => domain.length > searchDomainChars))
    return `Resolv.conf file ${JSON.stringify(path)} contains a search path which length is more than allowed ${searchDomainChars} chars!`;
  if (searches.join(" ").length > searchLineChars)
    return `Resolv.conf file '${path}' contains search line which length is more than allowed ${searchLineChars} chars!`;
  return undefined;
};

/**
 * Reads a resolv.conf: `nameserver` lines add up, the last `search` line wins, `options` add up by name; unknown lines and a
 * `nameserver` without address are skipped. A trailing dot of a search domain is dropped so that a domain counts once, and the root `.`
 * is left out (pkg/kubelet/network/dns/dns.go).
 */
export const parseResolvConf = (content: string): ResolvConf => {
  const nameservers: string[] = [];
  let searches: readonly string[] = [];
  let options: readonly string[] = [];
  for (const line of content.split("\n")) {
    const [keyword, ...values] = line.trim().split(/\s+/u);
    if (keyword === "nameserver" && values[0] !== undefined) nameservers.push(values[0]);
    if (keyword === "search") searches = values.filter((domain) => domain !== ".").map((domain) => domain.replace(/\.$/u, ""));
    if (keyword === "options") options = mergeResolverOptions(options, values);
  }
  return { nameservers, searches, options };
};
