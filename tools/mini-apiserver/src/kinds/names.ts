/** What is wrong with a name, in the reference's words (apimachinery, pkg/util/validation); nothing when it is fine. */
export type NameCheck = (name: string) => readonly string[];

const LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const SUBDOMAIN = `${LABEL}(\\.${LABEL})*`;
const DNS1035 = "[a-z]([-a-z0-9]*[a-z0-9])?";
const QUALIFIED_PART = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";

const shapeOf = (text: string): RegExp => new RegExp(`^${text}$`, "u");
const LABEL_SHAPE = shapeOf(LABEL);
const SUBDOMAIN_SHAPE = shapeOf(SUBDOMAIN);
const DNS1035_SHAPE = shapeOf(DNS1035);
const QUALIFIED_SHAPE = shapeOf(QUALIFIED_PART);
const LABEL_VALUE_SHAPE = shapeOf(`(${QUALIFIED_PART})?`);

const tooLongText = (limit: number): string => `must be no more than ${limit} characters`;
/** The same in the words of newer checks. */
const tooManyBytesText = (limit: number): string => `must be no more than ${limit} bytes`;

/** Go's `RegexError`. */
const shapeText = (says: string, shape: string, examples: readonly string[]): string => {
  if (examples.length === 0) return `${says} (regex used for validation is '${shape}')`;
  // Two spaces before "or", as the reference has them.
  return `${says} (e.g. ${examples.map((example) => `'${example}'`).join(",  or ")}, regex used for validation is '${shape}')`;
};

const SUBDOMAIN_TEXT = shapeText(
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
  SUBDOMAIN,
  ["example.com"],
);
const LABEL_TEXT = shapeText(
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
  LABEL,
  ["my-name", "123-abc"],
);
const DNS1035_TEXT = shapeText(
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
  DNS1035,
  ["my-name", "abc-123"],
);

/** A DNS subdomain, at most 253 bytes. */
export const checkSubdomain: NameCheck = (name) => [
  ...(name.length > 253 ? [tooLongText(253)] : []),
  ...(SUBDOMAIN_SHAPE.test(name) ? [] : [SUBDOMAIN_TEXT]),
];

/** A DNS label, at most 63 bytes. */
export const checkLabel: NameCheck = (name) => [
  ...(name.length > 63 ? [tooLongText(63)] : []),
  ...(LABEL_SHAPE.test(name) ? [] : [SUBDOMAIN_SHAPE.test(name) ? "must not contain dots" : LABEL_TEXT]),
];

/** A DNS-1035 label: begins with a letter. */
export const checkDns1035: NameCheck = (name) => [
  ...(name.length > 63 ? [tooLongText(63)] : []),
  ...(DNS1035_SHAPE.test(name) ? [] : [DNS1035_TEXT]),
];

/** A segment of a path: what RBAC names may be. */
export const checkPathSegment: NameCheck = (name) => {
  if (name === "." || name === "..") return [`may not be '${name}'`];
  return ["/", "%"].filter((sign) => name.includes(sign)).map((sign) => `may not contain '${sign}'`);
};

/** `prefix/name`: a key of labels and annotations. */
export const checkQualifiedName: NameCheck = (name) => {
  const parts = name.split("/");
  const last = parts.at(-1) ?? "";
  const problems: string[] = [];
  if (parts.length > 2) {
    return [
      `a qualified name ${shapeText("must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character", QUALIFIED_PART, ["MyName", "my.name", "123-abc"])} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ];
  }
  if (parts.length === 2) {
    const prefix = parts[0] ?? "";
    if (prefix === "") problems.push("prefix part must be non-empty");
    else problems.push(...checkSubdomain(prefix).map((text) => `prefix part ${text}`));
  }
  if (last === "") problems.push("name part must be non-empty");
  else if (last.length > 63) problems.push(`name part ${tooManyBytesText(63)}`);
  if (!QUALIFIED_SHAPE.test(last)) {
    problems.push(
      `name part ${shapeText("must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character", QUALIFIED_PART, ["MyName", "my.name", "123-abc"])}`,
    );
  }
  return problems;
};

/** The value of a label. */
export const checkLabelValue: NameCheck = (value) => [
  ...(value.length > 63 ? [tooManyBytesText(63)] : []),
  ...(LABEL_VALUE_SHAPE.test(value)
    ? []
    : [
        shapeText(
          "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
          `(${QUALIFIED_PART})?`,
          ["MyValue", "my_value", "12345"],
        ),
      ]),
];
