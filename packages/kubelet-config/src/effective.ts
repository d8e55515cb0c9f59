import { parseGoDuration } from "@nk/stdx";
import type { DecodedDocument, FieldSetting } from "./decode.ts";
import { KubeletConfigError } from "./errors.ts";
import type { ConfigPlace } from "./errors.ts";
import { CONFIG_FIELDS } from "./fields.ts";
import type { ConfigField } from "./field.ts";
import { FLAGS } from "./flags.ts";
import { isJsonObject, isSameJson } from "./json-value.ts";
import type { JsonValue } from "./json-value.ts";
import type { ConfigWarning } from "./warning.ts";

/** Where a value comes from: "default", "flag --max-pods", "file /etc/kubelet.yaml:3", "drop-in /etc/kubelet.d/10.conf:2". */
export type Provenance = string;

/** A value with its origin. */
export interface EffectiveValue {
  readonly value: JsonValue | undefined;
  /** Several, separated by ", ", for a map that more than one of them added to. */
  readonly provenance: Provenance;
  /** The last origin, for errors. */
  readonly place: ConfigPlace;
}

/** All layers in the order of precedence, the weakest first. */
export interface ConfigLayers {
  /** The --config file. */
  readonly file?: DecodedDocument | undefined;
  readonly dropIns: readonly DecodedDocument[];
  /** By flag name. */
  readonly flags: ReadonlyMap<string, JsonValue>;
}

const mergePatch = (target: JsonValue | undefined, patch: JsonValue): JsonValue => {
  if (!isJsonObject(patch)) return patch;
  const merged = new Map(Object.entries(isJsonObject(target) ? target : {}));
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) merged.delete(key);
    else merged.set(key, value);
  }
  return Object.fromEntries(merged);
};

/** The reference merges gates key by key even between file and flag; what else a flag gives replaces all. */
const applyFlag = (field: ConfigField, present: EffectiveValue | undefined, flag: { name: string; value: JsonValue }): EffectiveValue => {
  const isMerged = field.path === "featureGates" && present?.value !== undefined;
  const provenance = `flag --${flag.name}`;
  return {
    value: isMerged ? mergePatch(present.value, flag.value) : flag.value,
    provenance: isMerged ? `${present.provenance}, ${provenance}` : provenance,
    place: { field: `--${flag.name}` },
  };
};

const applySetting = (
  present: EffectiveValue | undefined,
  setting: FieldSetting,
  origin: { readonly kind: string; readonly file: string; readonly path: string },
): EffectiveValue | undefined => {
  if (setting.value === null) return undefined;
  const provenance = `${origin.kind} ${origin.file}:${setting.line}`;
  const isAdded = isJsonObject(setting.value) && present !== undefined;
  return {
    value: mergePatch(present?.value, setting.value),
    provenance: isAdded ? `${present.provenance}, ${provenance}` : provenance,
    place: { file: origin.file, line: setting.line, field: origin.path },
  };
};

const isZero = (field: ConfigField, value: JsonValue | undefined): boolean =>
  value === "" || value === 0 || (field.kind === "duration" && typeof value === "string" && parseGoDuration(value) === 0);

const mergeFiles = (layers: ConfigLayers): Map<string, EffectiveValue> => {
  const merged = new Map<string, EffectiveValue>();
  const documents = [...(layers.file === undefined ? [] : [layers.file]), ...layers.dropIns];
  for (const document of documents) {
    const kind = document === layers.file ? "file" : "drop-in";
    for (const [path, setting] of document.settings) {
      const next = applySetting(merged.get(path), setting, { kind, file: document.file, path });
      if (next === undefined) merged.delete(path);
      else merged.set(path, next);
    }
  }
  return merged;
};

const isSameValue = (field: ConfigField, a: JsonValue, b: JsonValue): boolean => {
  if (field.kind !== "duration" || typeof a !== "string" || typeof b !== "string" || a === "" || b === "") return isSameJson(a, b);
  return parseGoDuration(a) === parseGoDuration(b);
};

const isOneOf = (field: ConfigField, value: JsonValue, candidates: readonly (JsonValue | undefined)[]): boolean =>
  candidates.some((candidate) => candidate !== undefined && isSameValue(field, value, candidate));

/** Refuses what nk cannot do: a value that is neither a default nor one that asks for no more than nk does. */
const checkSupport = (field: ConfigField, { value, place }: EffectiveValue): void => {
  if (field.support.state !== "unsupported" || value === undefined) return;
  if (isOneOf(field, value, [field.default, field.legacyDefault, ...field.support.alsoAccepted])) return;
  const isFlag = place.field?.startsWith("--") === true;
  throw new KubeletConfigError(
    isFlag ? "unsupported-flag" : "unsupported-field",
    `${place.field ?? field.path} is not supported by nk yet`,
    place,
  );
};

const warnInert = (field: ConfigField, { value, place }: EffectiveValue): ConfigWarning[] => {
  if (field.support.state !== "inert" || value === undefined || isOneOf(field, value, [field.default, field.legacyDefault])) return [];
  return [{ message: `${place.field ?? field.path} has no effect: ${field.support.why}`, file: place.file, line: place.line }];
};

/** What the layers come to. */
export interface EffectiveConfig {
  /** Every field of the reference, by path. */
  readonly values: ReadonlyMap<string, EffectiveValue>;
  /** Fields that were set and change nothing. */
  readonly warnings: readonly ConfigWarning[];
}

/**
 * Puts defaults, file, drop-ins and flags together: each layer wins over the one before it; the defaults of v1beta1 fill what the files leave
 * open (also where they say zero for a field that has no zero), flags are taken as they are. Without a --config file the flags' older defaults
 * hold (reference: cmd/kubelet/app/options/options.go).
 * @throws KubeletConfigError for a value that nk does not support
 */
export const computeEffective = (layers: ConfigLayers): EffectiveConfig => {
  const merged = mergeFiles(layers);
  for (const field of CONFIG_FIELDS.values()) {
    const present = merged.get(field.path);
    if (present !== undefined && !(field.isZeroDefault === true && isZero(field, present.value))) continue;
    const isLegacy = layers.file === undefined && field.legacyDefault !== undefined;
    merged.set(field.path, { value: isLegacy ? field.legacyDefault : field.default, provenance: "default", place: {} });
  }
  for (const [name, value] of layers.flags) {
    const field = CONFIG_FIELDS.get(FLAGS.get(name)?.path ?? "");
    if (field !== undefined) merged.set(field.path, applyFlag(field, merged.get(field.path), { name, value }));
  }
  const warnings: ConfigWarning[] = [];
  for (const field of CONFIG_FIELDS.values()) {
    const effective = merged.get(field.path);
    if (effective === undefined) continue;
    checkSupport(field, effective);
    warnings.push(...warnInert(field, effective));
  }
  return { values: merged, warnings };
};
