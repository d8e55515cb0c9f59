import type { Container, Volume, VolumeMount } from "@nk/pod-model";
import { forEachItem } from "../field.ts";
import type { Field } from "../field.ts";
import { checkDownwardApi, checkProjected } from "./downward.ts";
import { whyNotDnsLabel } from "./names.ts";
import { checkLocalPath, checkNoBacksteps, checkOneOf, readAmount } from "./rules.ts";

const HOST_PATH_TYPES = ["", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"];
const PROPAGATIONS = ["Bidirectional", "HostToContainer", "None"];

const checkSource = (volume: Volume, field: Field): void => {
  const sources = Object.keys(volume).filter((key) => key !== "name");
  for (const extra of sources.slice(1)) field.at(extra).forbidden("may not specify more than 1 volume type");
  const { hostPath, image, emptyDir, downwardAPI, projected } = volume;
  if (emptyDir?.sizeLimit !== undefined) readAmount(emptyDir.sizeLimit, field.at("emptyDir", "sizeLimit"));
  if (image !== undefined) {
    if ((image.reference ?? "") === "") field.at("image", "reference").required();
    checkOneOf(image.pullPolicy, field.at("image", "pullPolicy"), ["Always", "IfNotPresent", "Never"]);
  }
  if (downwardAPI !== undefined) checkDownwardApi(downwardAPI, field.at("downwardAPI"));
  if (projected !== undefined) checkProjected(projected, field.at("projected"));
  if (hostPath === undefined) return;
  const path = field.at("hostPath", "path");
  if (hostPath.path === "") path.required();
  else checkNoBacksteps(hostPath.path, path);
  checkOneOf(hostPath.type, field.at("hostPath", "type"), HOST_PATH_TYPES);
};

/** The pod's volumes; returns their names, for the mounts. */
export const validateVolumes = (volumes: readonly Volume[] | undefined, list: Field): ReadonlySet<string> => {
  const names = new Set<string>();
  forEachItem(volumes, list, (volume, field) => {
    checkSource(volume, field);
    const name = field.at("name");
    if (volume.name === "") name.required();
    else {
      const why = whyNotDnsLabel(volume.name);
      if (why !== undefined) name.invalid(volume.name, why);
      if (names.has(volume.name)) name.duplicate(volume.name);
    }
    names.add(volume.name);
  });
  return names;
};

const RECURSIVE_MODES = ["Disabled", "Enabled", "IfPossible"];

const checkRecursiveReadOnly = ({ recursiveReadOnly, readOnly, mountPropagation = "None" }: VolumeMount, field: Field): void => {
  checkOneOf(recursiveReadOnly, field, RECURSIVE_MODES);
  if (recursiveReadOnly !== "Enabled" && recursiveReadOnly !== "IfPossible") return;
  if (readOnly !== true) field.forbidden("may only be specified when readOnly is true");
  if (mountPropagation !== "None") field.forbidden("may only be specified when mountPropagation is None or not specified");
};

const checkSubPath = (path: string | undefined, field: Field): void => {
  if (path !== undefined) checkLocalPath(path, field);
};

const checkMount = (mount: VolumeMount, field: Field, isPrivileged: boolean): void => {
  if (mount.mountPath === "") field.at("mountPath").required();
  const { mountPropagation, subPath, subPathExpr } = mount;
  checkSubPath(subPath, field.at("subPath"));
  if (subPath && subPathExpr) field.at("subPathExpr").invalid(subPathExpr, "subPathExpr and subPath are mutually exclusive");
  checkSubPath(subPathExpr, field.at("subPathExpr"));
  checkRecursiveReadOnly(mount, field.at("recursiveReadOnly"));
  checkOneOf(mountPropagation, field.at("mountPropagation"), PROPAGATIONS);
  if (mountPropagation === "Bidirectional" && !isPrivileged) {
    field.at("mountPropagation").forbidden("Bidirectional mount propagation is available only to privileged containers");
  }
};

/** The mounts of one container. */
export const validateMounts = (container: Container, list: Field, volumeNames: ReadonlySet<string>): void => {
  const paths = new Set<string>();
  forEachItem(container.volumeMounts, list, (mount, field) => {
    if (mount.name === "") field.at("name").required();
    else if (!volumeNames.has(mount.name)) field.at("name").notFound(mount.name);
    if (paths.has(mount.mountPath)) field.at("mountPath").invalid(mount.mountPath, "must be unique");
    paths.add(mount.mountPath);
    checkMount(mount, field, container.securityContext?.privileged === true);
  });
};
