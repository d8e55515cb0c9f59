import type { AppArmorProfile, Container, Pod, PodSpec } from "@nk/pod-model";
import { forEachItem } from "../field.ts";
import type { Field } from "../field.ts";

const ANNOTATION = "container.apparmor.security.beta.kubernetes.io/";
const LOCALHOST = "localhost/";
const MAX_PROFILE_CHARS = 4095;
const TYPES = ["Localhost", "RuntimeDefault", "Unconfined"];

/** An AppArmor profile of a pod or container. */
export const checkAppArmor = (profile: AppArmorProfile | undefined, field: Field): void => {
  if (profile === undefined) return;
  const { type, localhostProfile } = profile;
  const name = field.at("localhostProfile");
  if (type === "") field.at("type").required("type is required when appArmorProfile is set");
  else if (!TYPES.includes(type)) field.at("type").unsupported(type, TYPES);
  else if (type !== "Localhost") {
    if (localhostProfile !== undefined) name.invalid(localhostProfile, "can only be set when AppArmor type is Localhost");
  } else if (localhostProfile === undefined || localhostProfile === "") name.required("must be set when AppArmor type is Localhost");
  else {
    if (localhostProfile.trim() !== localhostProfile) name.invalid(localhostProfile, "must not be padded with whitespace");
    if (localhostProfile.length > MAX_PROFILE_CHARS) name.report(`Too long: may not be more than ${MAX_PROFILE_CHARS} bytes`);
  }
};

const asAnnotation = ({ type, localhostProfile = "" }: AppArmorProfile): string =>
  type === "Localhost" ? `${LOCALHOST}${localhostProfile}` : type === "RuntimeDefault" ? "runtime/default" : "unconfined";

const checkSame = (container: Container, field: Field, { metadata, spec }: Pod): void => {
  const stated = container.securityContext?.appArmorProfile ?? spec?.securityContext?.appArmorProfile;
  const annotation = metadata?.annotations?.[`${ANNOTATION}${container.name}`];
  if (stated === undefined || annotation === undefined || !TYPES.includes(stated.type) || annotation === asAnnotation(stated)) return;
  const place = field.at("securityContext", "appArmorProfile");
  if (stated.type === "Localhost" && annotation.startsWith(LOCALHOST))
    place.at("localhostProfile").forbidden("apparmor profile in annotation and field must match");
  else place.at("type").forbidden("apparmor type in annotation and field must match");
};

const containersOf = ({ containers, initContainers = [] }: PodSpec): readonly Container[] => [...initContainers, ...containers];

/** The older annotations: each of a container that there is, of the form of a profile, and no other than the field's. */
export const validateAppArmorAnnotations = (pod: Pod, root: Field): void => {
  const { spec } = pod;
  if (spec === undefined) return;
  for (const [key, value] of Object.entries(pod.metadata?.annotations ?? {})) {
    if (!key.startsWith(ANNOTATION)) continue;
    const place = root.at("metadata", "annotations", key);
    const name = key.slice(ANNOTATION.length);
    if (!containersOf(spec).some((container) => container.name === name)) place.invalid(name, "container not found");
    if (!["", "runtime/default", "unconfined"].includes(value) && !value.startsWith(LOCALHOST))
      place.invalid(value, `invalid AppArmor profile name: ${JSON.stringify(value)}`);
  }
  for (const list of ["initContainers", "containers"] as const)
    forEachItem(spec[list], root.at("spec", list), (container, field) => checkSame(container, field, pod));
};
