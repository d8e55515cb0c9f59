const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/u;
const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/u;
const QUALIFIED_PART = /^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/u;
const PORT_NAME = /^[a-z0-9]([a-z0-9-]*[a-z0-9])*$/u;

/** Why a name is none of its kind, in the API server's words; undefined when it is one. */
type NameCheck = (name: string) => string | undefined;

const tooLong = (limit: number): string => `must be no more than ${limit} characters`;

/** A DNS-1123 label: at most 63 characters. */
export const whyNotDnsLabel: NameCheck = (name) => {
  if (name.length > 63) return tooLong(63);
  if (LABEL.test(name)) return undefined;
  return (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric " +
    "character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
  );
};

/** A DNS-1123 subdomain: at most 253 characters. */
export const whyNotDnsSubdomain: NameCheck = (name) => {
  if (name.length > 253) return tooLong(253);
  if (SUBDOMAIN.test(name)) return undefined;
  return (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an " +
    "alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
  );
};

/** A label key, `example.org/name` or `name`. */
export const whyNotQualifiedName: NameCheck = (name) => {
  const slash = name.indexOf("/");
  const [prefix, part] = slash === -1 ? [undefined, name] : [name.slice(0, slash), name.slice(slash + 1)];
  if (prefix !== undefined) {
    if (prefix === "") return "prefix part must be non-empty";
    const why = whyNotDnsSubdomain(prefix);
    if (why !== undefined) return `prefix part ${why}`;
  }
  if (part === "") return "name part must be non-empty";
  if (part.length > 63) return `name part ${tooLong(63)}`;
  if (QUALIFIED_PART.test(part)) return undefined;
  return "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
};

/** A label's value; may be empty. */
export const whyNotLabelValue: NameCheck = (value) => {
  if (value.length > 63) return tooLong(63);
  if (value === "" || QUALIFIED_PART.test(value)) return undefined;
  return (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an " +
    "alphanumeric character"
  );
};

/** A port's name: at most 15 characters, with a letter, no two hyphens side by side. */
export const whyNotPortName: NameCheck = (name) => {
  if (name.length > 15) return tooLong(15);
  if (!PORT_NAME.test(name)) return "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)";
  if (!/[a-z]/u.test(name)) return "must contain at least one letter (a-z)";
  return name.includes("--") ? "must not contain consecutive hyphens" : undefined;
};

/** An environment variable's name: printable ASCII without `=` (relaxed in 1.34). */
export const whyNotEnvName: NameCheck = (name) =>
  /^[ -<>-~]+$/u.test(name)
    ? undefined
    : "a valid environment variable name must consist only of printable ASCII characters other than '='";

/**
 * What the UID may be made of: it becomes the name of directories, log directories and cgroups. No `_`: log directories separate by it, and
 * of a systemd slice's name it can't be told from `-` (pkg/kubelet/cm, ParseSystemdToCgroupName).
 */
export const whyNotUid: NameCheck = (uid) =>
  /^[A-Za-z0-9]([-A-Za-z0-9.]{0,126}[A-Za-z0-9])?$/u.test(uid) && !uid.includes("..")
    ? undefined
    : "must be at most 128 alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character";
