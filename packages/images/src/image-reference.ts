// The grammar of distribution/reference v0.6 (the OCI reference grammar with Docker Hub's short names).
const ALNUM = "[a-z0-9]+";
const PATH_COMPONENT = `${ALNUM}(?:(?:[._]|__|-+)${ALNUM})*`;
const DOMAIN_COMPONENT = "(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])";
const DOMAIN = `(?:${DOMAIN_COMPONENT}(?:\\.${DOMAIN_COMPONENT})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?`;
const NAME = `(?:${DOMAIN}/)?${PATH_COMPONENT}(?:/${PATH_COMPONENT})*`;
const TAG = "[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}";
const DIGEST = "[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}";
const REFERENCE = new RegExp(`^(${NAME})(?::(${TAG}))?(?:@(${DIGEST}))?$`);
const IDENTIFIER = /^[a-f0-9]{64}$/;
const DIGEST_HEX_LENGTH: { readonly [algorithm: string]: number } = { sha256: 64, sha384: 96, sha512: 128 };

const HUB = "docker.io";
const MAX_NAME_LENGTH = 255;
/** Longer than any valid reference; a bound for the regular expressions. */
const MAX_REFERENCE_LENGTH = 1024;

/** An image reference taken apart. */
export interface ImageReference {
  /** Host and path without tag and digest, absolute: `docker.io/library/busybox`. */
  readonly repository: string;
  /** Undefined when the reference has none. */
  readonly tag?: string;
  readonly digest?: string;
  /** The reference as written, with `:latest` when it has neither tag nor digest. Short names stay short. */
  readonly withDefaultTag: string;
}

export type ParsedImageReference =
  | { readonly ok: true; readonly reference: ImageReference }
  /** `message` is worded as the reference words it. */
  | { readonly ok: false; readonly message: string };

const splitDomain = (image: string): { readonly domain: string; readonly remainder: string } => {
  const slash = image.indexOf("/");
  const first = slash < 0 ? "" : image.slice(0, slash);
  // A first part with an upper-case letter cannot be a Docker Hub user, so it is a host name.
  const isDomain = slash >= 0 && (/[.:]/.test(first) || first === "localhost" || first.toLowerCase() !== first);
  const written = isDomain ? first : HUB;
  const domain = written === "index.docker.io" ? HUB : written;
  const remainder = isDomain ? image.slice(slash + 1) : image;
  return { domain, remainder: domain === HUB && !remainder.includes("/") ? `library/${remainder}` : remainder };
};

const digestProblem = (digest: string): string | undefined => {
  const [algorithm = "", hex = ""] = digest.split(":");
  const length = DIGEST_HEX_LENGTH[algorithm];
  if (length === undefined) return "unsupported digest algorithm";
  if (hex.length !== length) return "invalid checksum digest length";
  return /^[a-f0-9]+$/.test(hex) ? undefined : "invalid checksum digest format";
};

const findProblem = (absolute: string, match: RegExpExecArray | null): string | undefined => {
  if (match === null) return REFERENCE.test(absolute.toLowerCase()) ? "repository name must be lowercase" : "invalid reference format";
  if ((match[1] ?? "").length > MAX_NAME_LENGTH) return `repository name must not be more than ${MAX_NAME_LENGTH} characters`;
  return match[3] === undefined ? undefined : digestProblem(match[3]);
};

/** Takes an image reference apart; never throws. Accepts what containerd and the reference kubelet accept. */
export const parseImageReference = (image: string): ParsedImageReference => {
  const fail = (problem: string): ParsedImageReference => ({
    ok: false,
    message: `couldn't parse image name ${JSON.stringify(image)}: ${problem}`,
  });
  if (image.length > MAX_REFERENCE_LENGTH) return fail("invalid reference format");
  if (IDENTIFIER.test(image)) return fail(`invalid repository name (${image}), cannot specify 64-byte hexadecimal strings`);
  const { domain, remainder } = splitDomain(image);
  const colon = remainder.indexOf(":");
  const remote = colon < 0 ? remainder : remainder.slice(0, colon);
  if (remote.toLowerCase() !== remote) return fail(`invalid reference format: repository name (${remote}) must be lowercase`);
  const absolute = `${domain}/${remainder}`;
  const match = REFERENCE.exec(absolute);
  const problem = findProblem(absolute, match);
  if (match === null || problem !== undefined) return fail(problem ?? "invalid reference format");
  const [, repository = "", tag, digest] = match;
  return {
    ok: true,
    reference: {
      repository,
      ...(tag !== undefined && { tag }),
      ...(digest !== undefined && { digest }),
      withDefaultTag: tag === undefined && digest === undefined ? `${image}:latest` : image,
    },
  };
};
