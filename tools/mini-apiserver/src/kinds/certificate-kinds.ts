import { formatTimestamp } from "@nk/pod-model";
import type { ApiObject } from "../contracts.ts";
import { REQUEST_TABLE, TRUST_BUNDLE_TABLE } from "../tables/group-tables.ts";
import { invalid, notSupported, required } from "./field-error.ts";
import type { FieldError } from "./field-error.ts";
import type { KindDefinition, WriteContext } from "./kind-definition.ts";
import { listAt, mapAt, textAt, valueAt } from "./read-path.ts";

type Fields = { readonly [field: string]: unknown };

const USAGES: readonly string[] = (
  "any,cert sign,client auth,code signing,content commitment,crl sign,data encipherment,decipher only,digital signature,email protection," +
  "encipher only,ipsec end system,ipsec tunnel,ipsec user,key agreement,key encipherment,microsoft sgc,netscape sgc,ocsp signing,s/mime," +
  "server auth,signing,timestamping"
).split(",");
const MIN_SECONDS = 600;

/** Who asks is what the server knows, not what the request says. */
const stampRequestor = (object: ApiObject, { user }: WriteContext): ApiObject => {
  const { username: _username, uid: _uid, groups: _groups, extra: _extra, ...spec } = mapAt(object, "spec");
  return {
    ...object,
    spec: {
      ...spec,
      username: user.username,
      ...(user.uid === undefined ? {} : { uid: user.uid }),
      ...(user.groups.length === 0 ? {} : { groups: user.groups }),
      ...(user.extra === undefined || Object.keys(user.extra).length === 0 ? {} : { extra: user.extra }),
    },
    status: {},
  };
};

const isRequest = (base64: string): boolean =>
  /-----BEGIN (NEW )?CERTIFICATE REQUEST-----[\s\S]+-----END (NEW )?CERTIFICATE REQUEST-----/u.test(
    Buffer.from(base64, "base64").toString("latin1"),
  );

const validate = (object: ApiObject): readonly FieldError[] => {
  const request = textAt(object, "spec.request");
  const signer = textAt(object, "spec.signerName");
  const seconds = valueAt(object, "spec.expirationSeconds");
  const usages = listAt(object, "spec.usages").map(String);
  return [
    ...(isRequest(request) ? [] : [invalid("spec.request", request, "PEM block type must be CERTIFICATE REQUEST")]),
    ...(usages.length === 0 ? [required("spec.usages")] : []),
    ...usages.flatMap((usage, index) => (USAGES.includes(usage) ? [] : [notSupported(`spec.usages[${index}]`, usage, USAGES)])),
    ...(signer === "" ? [required("spec.signerName")] : []),
    ...(signer !== "" && !/^[a-z0-9.-]+\/.+$/u.test(signer)
      ? [invalid("spec.signerName", signer, "must be a fully qualified domain and path of the form 'example.com/signer-name'")]
      : []),
    ...(typeof seconds === "number" && seconds < MIN_SECONDS
      ? [invalid("spec.expirationSeconds", seconds, "may not specify a duration less than 600 seconds (10 minutes)")]
      : []),
  ];
};

const DECISIONS: ReadonlySet<string> = new Set(["Approved", "Denied"]);

/** New conditions get their times; those of the other subresource stay what they were. */
const mergeConditions = (
  next: ApiObject,
  current: ApiObject,
  { owns, nowMs }: { readonly owns: (type: string) => boolean; readonly nowMs: number },
): readonly unknown[] => {
  const now = formatTimestamp(nowMs);
  const typeOf = (condition: unknown): string => textAt(condition, "type");
  const kept = listAt(current, "status.conditions").filter((condition) => !owns(typeOf(condition)));
  const asked = listAt(next, "status.conditions").filter((condition) => owns(typeOf(condition)));
  return [
    ...kept,
    ...asked.map((condition) => ({
      ...(condition as Fields),
      lastUpdateTime: valueAt(condition, "lastUpdateTime") ?? now,
      lastTransitionTime: valueAt(condition, "lastTransitionTime") ?? now,
    })),
  ];
};

const withStatus = (next: ApiObject, current: ApiObject, status: Fields): ApiObject => ({
  ...current,
  metadata: next.metadata ?? {},
  status: Object.fromEntries(
    Object.entries(status).filter(([, value]) => value !== undefined && !(Array.isArray(value) && value.length === 0)),
  ),
});

const validateCertificate = (next: ApiObject): readonly FieldError[] => {
  const certificate = textAt(next, "status.certificate");
  const isCertificate = /-----BEGIN CERTIFICATE-----[\s\S]+-----END CERTIFICATE-----/u.test(
    Buffer.from(certificate, "base64").toString("latin1"),
  );
  return certificate === "" || isCertificate
    ? []
    : [invalid("status.certificate", "<certificate data>", "must contain at least one CERTIFICATE PEM block")];
};

const validateConditions = (next: ApiObject): readonly FieldError[] => {
  const types = new Set(listAt(next, "status.conditions").map((condition) => textAt(condition, "type")));
  return types.has("Approved") && types.has("Denied")
    ? [invalid("status.conditions", "Denied", "Approved and Denied conditions are mutually exclusive")]
    : [];
};

const REQUEST: KindDefinition = {
  group: "certificates.k8s.io",
  version: "v1",
  resource: "certificatesigningrequests",
  singular: "certificatesigningrequest",
  kind: "CertificateSigningRequest",
  type: "certificates.CertificateSigningRequest",
  namespaced: false,
  shortNames: ["csr"],
  table: REQUEST_TABLE,
  selectableFields: { "spec.signerName": (object) => textAt(object, "spec.signerName") },
  strategy: {
    prepareCreate: stampRequestor,
    prepareUpdate: (next, current) => ({ ...next, spec: current["spec"] }),
    validateCreate: validate,
  },
  subresources: [
    {
      name: "status",
      verbs: ["get", "patch", "update"],
      prepareUpdate: (next, current, { clock }) =>
        withStatus(next, current, {
          conditions: mergeConditions(next, current, { owns: (type) => !DECISIONS.has(type), nowMs: clock.nowMs() }),
          certificate: valueAt(next, "status.certificate"),
        }),
      validateUpdate: validateCertificate,
    },
    {
      name: "approval",
      verbs: ["get", "patch", "update"],
      prepareUpdate: (next, current, { clock }) =>
        withStatus(next, current, {
          conditions: mergeConditions(next, current, { owns: () => true, nowMs: clock.nowMs() }),
          certificate: valueAt(current, "status.certificate"),
        }),
      validateUpdate: validateConditions,
    },
  ],
};

/** `example.com/signer` names its bundles `example.com:signer:...`. */
const validateBundle = (object: ApiObject): readonly FieldError[] => {
  const name = object.metadata?.name ?? "";
  const signer = textAt(object, "spec.signerName");
  const prefix = `${signer.replaceAll("/", ":")}:`;
  const hasCertificate = textAt(object, "spec.trustBundle").includes("-----BEGIN CERTIFICATE-----");
  return [
    ...(signer === "" && name.includes(":")
      ? [invalid("metadata.name", name, 'ClusterTrustBundle without signer name must not have ":" in its name')]
      : []),
    ...(signer !== "" && !name.startsWith(prefix)
      ? [invalid("metadata.name", name, `ClusterTrustBundle for signerName ${signer} must be named with prefix ${prefix}`)]
      : []),
    ...(hasCertificate ? [] : [invalid("spec.trustBundle", "<value omitted>", "at least one trust anchor must be provided")]),
  ];
};

const TRUST_BUNDLE: KindDefinition = {
  group: "certificates.k8s.io",
  version: "v1beta1",
  resource: "clustertrustbundles",
  singular: "clustertrustbundle",
  kind: "ClusterTrustBundle",
  type: "certificatesV1beta1.ClusterTrustBundle",
  namespaced: false,
  table: TRUST_BUNDLE_TABLE,
  selectableFields: { "spec.signerName": (object) => textAt(object, "spec.signerName") },
  strategy: {
    validateName: (name) => (/^[a-z0-9.:-]+$/u.test(name) ? [] : ["must consist of lower case alphanumeric characters, '-', '.' or ':'"]),
    allowsUnconditionalUpdate: false,
    validateCreate: validateBundle,
    validateUpdate: validateBundle,
  },
};

/** Kinds of certificates.k8s.io. */
export const CERTIFICATE_KINDS: readonly KindDefinition[] = [REQUEST, TRUST_BUNDLE];
