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
