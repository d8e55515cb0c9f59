import type { SecureContextOptions, SecureVersion } from "node:tls";
import { KubeletApiError } from "../errors.ts";

/** The TLS settings of a KubeletConfiguration, in its own words. */
export interface TlsSettings {
  /** `VersionTLS12` (default) or `VersionTLS13`; `VersionTLS10` and `VersionTLS11` are accepted and mean TLS 1.2. */
  readonly minVersion?: string;
  /** Names such as `TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256`; those of TLS 1.3 are always on. Default: forward-secret AEAD suites. */
  readonly cipherSuites?: readonly string[];
  /** Numbers of TLS groups: 23 P-256, 24 P-384, 25 P-521, 29 X25519, 4588 X25519MLKEM768. Default: OpenSSL's. */
  readonly curvePreferences?: readonly number[];
}

const VERSIONS: ReadonlyMap<string, SecureVersion> = new Map([
  ["", "TLSv1.2"],
  // OpenSSL 3 has no security level left at which these work; what is newer is what a client gets.
  ["VersionTLS10", "TLSv1.2"],
  ["VersionTLS11", "TLSv1.2"],
  ["VersionTLS12", "TLSv1.2"],
  ["VersionTLS13", "TLSv1.3"],
]);

/** Go's name -> OpenSSL's. */
const SUITES: ReadonlyMap<string, string> = new Map([
  ["TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "ECDHE-ECDSA-AES128-GCM-SHA256"],
  ["TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "ECDHE-ECDSA-AES256-GCM-SHA384"],
  ["TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305"],
  ["TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305", "ECDHE-ECDSA-CHACHA20-POLY1305"],
  ["TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", "ECDHE-ECDSA-AES128-SHA"],
  ["TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", "ECDHE-ECDSA-AES256-SHA"],
  ["TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256", "ECDHE-ECDSA-AES128-SHA256"],
  ["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "ECDHE-RSA-AES128-GCM-SHA256"],
  ["TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "ECDHE-RSA-AES256-GCM-SHA384"],
  ["TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-RSA-CHACHA20-POLY1305"],
  ["TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305", "ECDHE-RSA-CHACHA20-POLY1305"],
  ["TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", "ECDHE-RSA-AES128-SHA"],
  ["TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", "ECDHE-RSA-AES256-SHA"],
  ["TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256", "ECDHE-RSA-AES128-SHA256"],
  ["TLS_RSA_WITH_AES_128_GCM_SHA256", "AES128-GCM-SHA256"],
  ["TLS_RSA_WITH_AES_256_GCM_SHA384", "AES256-GCM-SHA384"],
  ["TLS_RSA_WITH_AES_128_CBC_SHA", "AES128-SHA"],
  ["TLS_RSA_WITH_AES_256_CBC_SHA", "AES256-SHA"],
  ["TLS_RSA_WITH_AES_128_CBC_SHA256", "AES128-SHA256"],
]);

const TLS_13_SUITES = ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"];

const DEFAULT_SUITES = [
  "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
  "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
  "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
  "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
  "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
  "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
];

const GROUPS: ReadonlyMap<number, string> = new Map([
  [23, "P-256"],
  [24, "P-384"],
  [25, "P-521"],
  [29, "X25519"],
  [4588, "X25519MLKEM768"],
]);

const lookUp = <K>(table: ReadonlyMap<K, string>, key: K, what: string): string => {
  const value = table.get(key);
  if (value === undefined) throw new KubeletApiError("invalid-config", `${what} ${String(key)} is not supported`);
  return value;
};

/** OpenSSL's options for a kubelet's TLS settings. @throws KubeletApiError "invalid-config" for a name or number that is not known */
export const computeTlsOptions = (settings: TlsSettings): SecureContextOptions => {
  const { minVersion = "", cipherSuites = [], curvePreferences = [] } = settings;
  const chosen = cipherSuites.length === 0 ? DEFAULT_SUITES : cipherSuites.filter((name) => !TLS_13_SUITES.includes(name));
  const suites = [...TLS_13_SUITES, ...chosen.map((name) => lookUp(SUITES, name, "TLS cipher suite"))];
  return {
    minVersion: lookUp(VERSIONS, minVersion, "TLS version") as SecureVersion,
    ciphers: suites.join(":"),
    ...(curvePreferences.length === 0 ? {} : { ecdhCurve: curvePreferences.map((group) => lookUp(GROUPS, group, "TLS group")).join(":") }),
  };
};
