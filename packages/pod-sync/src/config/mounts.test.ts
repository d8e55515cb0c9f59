import { MountPropagation } from "@nk/cri-api";
import { Mount } from "@nk/cri-api";
import type { VolumeMount } from "@nk/pod-model";
import { describe, expect, it } from "vitest";
import { buildMounts } from "./mounts.ts";
import type { MountsInput } from "./mounts.ts";

const inputFor = (volumeMounts: readonly VolumeMount[], rest: Partial<MountsInput> = {}): MountsInput => ({
  container: { name: "main", volumeMounts, terminationMessagePath: "/dev/termination-log" },
  mounts: volumeMounts.map(({ mountPath, name }) => ({ mountPath, hostPath: `/vol/${name}`, readOnly: false, selinuxRelabel: true })),
  etcHostsPath: "/pod/etc-hosts",
  terminationLogPath: "/pod/log",
  supportsRecursiveReadOnly: true,
  selinuxEnabled: false,
  ...rest,
});
const firstMount = (mount: Partial<VolumeMount>, rest: Partial<MountsInput> = {}): Mount | undefined =>
  buildMounts(inputFor([{ name: "v", mountPath: "/v", ...mount }], rest))[0];

describe("mounts", () => {
  it("come in order: devices, the spec's, the hosts file, the termination log", () => {
    const deviceMounts = [Mount.create({ containerPath: "/dev/x", hostPath: "/x" })];
    const mounts = buildMounts(
      inputFor(
        [
          { name: "b", mountPath: "/b" },
          { name: "a", mountPath: "/a" },
        ],
        { deviceMounts },
      ),
    );
    expect(mounts.map(({ containerPath, hostPath }) => [containerPath, hostPath])).toEqual([
      ["/dev/x", "/x"],
      ["/b", "/vol/b"],
      ["/a", "/vol/a"],
      ["/etc/hosts", "/pod/etc-hosts"],
      ["/dev/termination-log", "/pod/log"],
    ]);
  });

  it.each<[string, Partial<MountsInput>, readonly string[]]>([
    ["the hosts file while the pod has no address", { etcHostsPath: undefined }, ["/dev/termination-log"]],
    ["the termination log when the container wants none", { container: { name: "main" } }, ["/etc/hosts"]],
  ])("leave out %s", (_what, rest, paths) => {
    expect(buildMounts(inputFor([], rest)).map(({ containerPath }) => containerPath)).toEqual(paths);
  });

  it("leave a volume at /etc/hosts alone", () => {
    const mounts = buildMounts(inputFor([{ name: "h", mountPath: "/etc/hosts" }]));
    expect(mounts.map(({ hostPath }) => hostPath)).toEqual(["/vol/h", "/pod/log"]);
  });

  it("lead to absolute paths", () => {
    const container = { name: "main", volumeMounts: [{ name: "v", mountPath: "v/w" }], terminationMessagePath: "log" };
    const paths = buildMounts({ ...inputFor([{ name: "v", mountPath: "v/w" }]), container }).map(({ containerPath }) => containerPath);
    expect(paths).toEqual(["/v/w", "/etc/hosts", "/log"]);
  });

  it.each<[string | undefined, number]>([
    [undefined, MountPropagation.PROPAGATION_PRIVATE],
    ["None", MountPropagation.PROPAGATION_PRIVATE],
    ["HostToContainer", MountPropagation.PROPAGATION_HOST_TO_CONTAINER],
    ["Bidirectional", MountPropagation.PROPAGATION_BIDIRECTIONAL],
  ])("propagate: %s", (mountPropagation, expected) => {
    expect(firstMount(mountPropagation === undefined ? {} : { mountPropagation })?.propagation).toBe(expected);
  });

  it("are read-only when the mount or the volume says so", () => {
    const resolved = { mountPath: "/v", hostPath: "/x", readOnly: true, selinuxRelabel: false };
    expect([firstMount({})?.readonly, firstMount({ readOnly: true })?.readonly, firstMount({}, { mounts: [resolved] })?.readonly]).toEqual([
      false,
      true,
      true,
    ]);
  });

  it.each<[string, boolean, boolean]>([
    ["Disabled", true, false],
    ["IfPossible", true, true],
    ["IfPossible", false, false],
    ["Enabled", true, true],
  ])("are read-only throughout: %s, supported %s", (recursiveReadOnly, supportsRecursiveReadOnly, expected) => {
    expect(firstMount({ readOnly: true, recursiveReadOnly }, { supportsRecursiveReadOnly })?.recursiveReadOnly).toBe(expected);
  });

  it.each<[Partial<VolumeMount>, string]>([
    [{ recursiveReadOnly: "Enabled" }, 'volume "v" requested recursive read-only mode, but it is not read-only'],
    [
      { recursiveReadOnly: "Enabled", readOnly: true },
      'volume "v" requested recursive read-only mode, but it is not supported by the runtime',
    ],
    [
      { recursiveReadOnly: "IfPossible", readOnly: true, mountPropagation: "Bidirectional" },
      'volume "v" requested recursive read-only mode, but it is not compatible with propagation "Bidirectional"',
    ],
    [{ recursiveReadOnly: "Maybe", readOnly: true }, 'unknown recursive read-only mode "Maybe"'],
    [{ mountPropagation: "Sideways" }, 'invalid MountPropagation mode: "Sideways"'],
  ])("refuse %j", (mount, message) => {
    expect(() => firstMount(mount, { supportsRecursiveReadOnly: false })).toThrow(message);
  });

  it("refuse a volume that was not set up", () => {
    expect(() => firstMount({}, { mounts: [] })).toThrow('cannot find volume "v" to mount into container "main"');
  });

  it("are relabelled only under SELinux", () => {
    const labels = (selinuxEnabled: boolean): readonly boolean[] =>
      buildMounts(inputFor([{ name: "v", mountPath: "/v" }], { selinuxEnabled })).map(({ selinuxRelabel }) => selinuxRelabel);
    expect([labels(false), labels(true)]).toEqual([
      [false, false, false],
      [true, true, true],
    ]);
  });

  it("of images name the image and the path in it", () => {
    const resolved = { mountPath: "/v", hostPath: "", readOnly: true, selinuxRelabel: false, image: { image: "i" }, imageSubPath: "p" };
    expect(firstMount({}, { mounts: [resolved] })).toMatchObject({ hostPath: "", image: { image: "i" }, imageSubPath: "p" });
  });

  it("are mapped to the user namespace", () => {
    const ids = [{ hostId: 65_536, containerId: 0, length: 65_536 }];
    const mounts = buildMounts(inputFor([], { userNamespace: { uids: ids, gids: ids } }));
    expect(mounts.every(({ uidMappings, gidMappings }) => uidMappings === ids && gidMappings === ids)).toBe(true);
  });
});
