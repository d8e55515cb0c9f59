import { existsSync } from "node:fs";
import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { NodeRuntimeHandlerFeatures, Pod } from "@nk/pod-model";
import { LAB_IMAGES } from "@nk/tool-lab";
import { expect, it } from "vitest";
import { SLEEP, podOf, shell } from "../manifests.ts";
import { CLUSTER_NODE, untilApiPod, untilApiPodGone } from "../cluster-rig.ts";
import type { ClusterRig } from "../cluster-rig.ts";
import { report } from "../rig.ts";
import { until } from "../until.ts";
import { main, runReady, shellIn, uidOf, untilEvent, waitsFor } from "./pod-facts.ts";

const handlerFeatures = (rig: ClusterRig): NodeRuntimeHandlerFeatures =>
  rig.nodes.get(CLUSTER_NODE)?.status?.runtimeHandlers?.find(({ name = "" }) => name === "")?.features ?? {};

const removeAll = async (rig: ClusterRig, names: readonly string[]): Promise<void> => {
  for (const name of names) await rig.remove("Pod", name);
  for (const name of names) await untilApiPodGone(rig, name);
};

const podDir = (rig: ClusterRig, pod: Pod): string => join(rig.lab.kubeletDir, "pods", uidOf(pod));

const hostIdOf = async (rig: ClusterRig, pod: Pod): Promise<number> => {
  const recorded = JSON.parse(await readFile(join(podDir(rig, pod), "userns"), "utf8")) as {
    readonly uidMappings: readonly { readonly hostId: number }[];
  };
  return recorded.uidMappings[0]?.hostId ?? 0;
};

const describeKernel = (rig: () => ClusterRig): void => {
  it("gives each pod with a user namespace ids of its own, where the runtime can", async () => {
    const spec = {
      hostUsers: false,
      volumes: [{ name: "v", emptyDir: {} }],
      containers: [shell("main", SLEEP, { volumeMounts: [{ name: "v", mountPath: "/v" }], securityContext: { procMount: "Unmasked" } })],
    };
    const names = ["userns-a", "userns-b"];
    for (const name of names) await rig().create(podOf(name, spec.containers, spec));
    if (handlerFeatures(rig()).userNamespaces !== true) {
      report("the runtime has no user namespaces: the refusal is looked at");
      const refused = await untilApiPod(rig(), "userns-a", ({ status }) => status?.startTime !== undefined);
      expect((await untilEvent(rig(), refused, "FailedCreatePodSandBox")).message).toBe(
        "Failed to create pod sandbox: can't set `spec.hostUsers: false`, runtime does not support user namespaces",
      );
      return removeAll(rig(), names);
    }
    const pods = await Promise.all(names.map((name) => untilApiPod(rig(), name, (pod) => main(pod)?.ready)));
    const hostIds = await Promise.all(pods.map((pod) => hostIdOf(rig(), pod)));
    expect(new Set(hostIds).size).toBe(2);
    for (const [index, pod] of pods.entries()) {
      expect((await shellIn(rig(), pod, "cat /proc/self/uid_map")).trim().split(/\s+/)).toEqual(["0", String(hostIds[index]), "65536"]);
      // What the container's root writes is root's on the host: the mount is mapped, nothing is chowned.
      await shellIn(rig(), pod, "echo mine >/v/file; cat /etc/hosts >/dev/null");
      expect((await stat(join(podDir(rig(), pod), "volumes/kubernetes.io~empty-dir/v/file"))).uid).toBe(0);
    }
    await removeAll(rig(), names);
    await until(
      () => "the pods' directories to go",
      async () => pods.every((pod) => !existsSync(podDir(rig(), pod))),
    );
  });

  it("sets safe sysctls and those that the configuration allows, however they are written", async () => {
    const pod = await runReady(
      rig(),
      podOf("sysctls", [shell("main", SLEEP)], {
        securityContext: {
          sysctls: [
            { name: "net.core.somaxconn", value: "1234" },
            { name: "net/ipv4/ip_unprivileged_port_start", value: "81" },
          ],
        },
      }),
    );
    expect(await shellIn(rig(), pod, "cat /proc/sys/net/core/somaxconn /proc/sys/net/ipv4/ip_unprivileged_port_start")).toBe("1234\n81\n");
    await rig().remove("Pod", "sysctls");
  });

  it("tells of mounts and users in the container's status", async () => {
    const mount = { name: "v", mountPath: "/v", readOnly: true };
    const pod = await runReady(
      rig(),
      podOf("told-security", [shell("main", SLEEP, { volumeMounts: [{ ...mount, recursiveReadOnly: "IfPossible" }] })], {
        volumes: [{ name: "v", emptyDir: {} }],
        securityContext: { runAsUser: 1000, runAsGroup: 2000, supplementalGroups: [3000], fsGroup: 4000 },
      }),
    );
    const isRecursive = handlerFeatures(rig()).recursiveReadOnlyMounts === true;
    expect(main(pod)?.volumeMounts?.find(({ name }) => name === "v")).toEqual({
      ...mount,
      recursiveReadOnly: isRecursive ? "Enabled" : "Disabled",
    });
    const linux = main(pod)?.user?.linux;
    expect(linux).toMatchObject({ uid: 1000, gid: 2000 });
    expect(linux?.supplementalGroups?.toSorted()).toEqual([2000, 3000, 4000]);
    await rig().remove("Pod", "told-security");
  });

  it("confines system calls by a profile of the node, and starts nothing without it", async () => {
    const profile = { defaultAction: "SCMP_ACT_ALLOW", syscalls: [{ names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO" }] };
    await mkdir(join(rig().lab.kubeletDir, "seccomp/deep"), { recursive: true });
    await writeFile(join(rig().lab.kubeletDir, "seccomp/deep/no-mkdir.json"), JSON.stringify(profile));
    const confined = (name: string, localhostProfile: string): Pod =>
      podOf(name, [shell("main", SLEEP)], { securityContext: { seccompProfile: { type: "Localhost", localhostProfile } } });
    const pod = await runReady(rig(), confined("confined", "deep/no-mkdir.json"));
    expect(await shellIn(rig(), pod, "mkdir /tmp/x 2>&1 || grep ^Seccomp: /proc/self/status")).toContain("Operation not permitted");
    await rig().create(confined("profileless", "deep/gone.json"));
    const waiting = await untilApiPod(rig(), "profileless", (seen) => waitsFor(seen, "CreateContainerError"));
    expect(main(waiting)?.state?.waiting?.message).toContain(join(rig().lab.kubeletDir, "seccomp/deep/gone.json"));
    for (const name of ["confined", "profileless"]) await rig().remove("Pod", name);
  });

  it("refuses AppArmor profiles on a host without it", async () => {
    if (existsSync("/sys/kernel/security/apparmor")) return report("this host has AppArmor");
    await rig().create(podOf("armored", [shell("main", SLEEP, { securityContext: { appArmorProfile: { type: "RuntimeDefault" } } })]));
    const { status } = await untilApiPod(rig(), "armored", (pod) => pod.status?.phase === "Failed");
    expect(status).toMatchObject({
      reason: "AppArmor",
      message: "Pod was rejected: Cannot enforce AppArmor: AppArmor is not enabled on the host",
    });
    await rig().remove("Pod", "armored");
  });
};

const describeInside = (rig: () => ClusterRig): void => {
  it("names a pod as its override says", async () => {
    const pod = await runReady(rig(), podOf("named", [shell("main", SLEEP)], { hostnameOverride: "db.example", subdomain: "db" }));
    expect(await shellIn(rig(), pod, "hostname; tail -n 1 /etc/hosts")).toBe(`db.example\n${pod.status?.podIP}\tdb.example\n`);
    await rig().remove("Pod", "named");
  });

  it("reads env files that an init container wrote, and nothing outside their volume", async () => {
    const volumeMounts = [{ name: "config", mountPath: "/config" }];
    const env = (path: string) => [{ name: "COLOR", valueFrom: { fileKeyRef: { volumeName: "config", path, key: "COLOR" } } }];
    const script = `printf "# for main\\nCOLOR='deep\nblue' # two lines\\n" >/config/app.env; ln -s /etc/passwd /config/out; mkfifo /config/pipe`;
    await rig().create(
      podOf(
        "env-files",
        [
          shell("main", SLEEP, { env: env("app.env") }),
          shell("out", SLEEP, { env: env("out") }),
          shell("pipe", SLEEP, { env: env("pipe") }),
        ],
        { volumes: [{ name: "config", emptyDir: {} }], initContainers: [shell("write", script, { volumeMounts })] },
      ),
    );
    const pod = await untilApiPod(rig(), "env-files", ({ status }) => {
      const states = (status?.containerStatuses ?? []).map(
        ({ state }) => state?.running !== undefined || state?.waiting?.message === undefined,
      );
      return states[0] === true && main({ status } as Pod)?.state?.running !== undefined && states.filter((known) => !known).length === 2;
    });
    expect(await shellIn(rig(), pod, 'echo "$COLOR"')).toBe("deep\nblue\n");
    for (const name of ["out", "pipe"])
      expect(pod.status?.containerStatuses?.find((status) => status.name === name)?.state?.waiting).toEqual({
        reason: "CreateContainerConfigError",
        message: "couldn't parse env file",
      });
    await rig().remove("Pod", "env-files");
  });

  it("mounts images as volumes; one that is missing holds up only the container that mounts it", async () => {
    await rig().create(
      podOf(
        "image-volumes",
        [
          shell("has", SLEEP, { volumeMounts: [{ name: "good", mountPath: "/image" }] }),
          shell("lacks", SLEEP, { volumeMounts: [{ name: "bad", mountPath: "/image" }] }),
          shell("plain", SLEEP),
        ],
        {
          volumes: [
            { name: "good", image: { reference: LAB_IMAGES.busyboxNumeric, pullPolicy: "Never" } },
            { name: "bad", image: { reference: "docker.io/library/no-such-image:1", pullPolicy: "Never" } },
          ],
        },
      ),
    );
    const stateOf = (pod: Pod, name: string) => pod.status?.containerStatuses?.find((status) => status.name === name)?.state;
    const pod = await untilApiPod(
      rig(),
      "image-volumes",
      (seen) =>
        stateOf(seen, "has")?.running !== undefined &&
        stateOf(seen, "plain")?.running !== undefined &&
        stateOf(seen, "lacks")?.waiting?.reason === "ErrImageNeverPull",
    );
    expect(stateOf(pod, "lacks")?.waiting?.message).toBe(
      'Container image "docker.io/library/no-such-image:1" is not present with pull policy of Never',
    );
    expect(main(pod)?.name).toBe("has");
    expect(await shellIn(rig(), pod, "ls /image/bin/busybox")).toBe("/image/bin/busybox\n");
    await expect(shellIn(rig(), pod, "touch /image/x")).rejects.toThrow("Read-only file system");
    await rig().remove("Pod", "image-volumes");
  });

  it("gives static pods the same", async () => {
    const volumeMounts = [{ name: "config", mountPath: "/config", subPath: "sub" }];
    const env = [{ name: "COLOR", valueFrom: { fileKeyRef: { volumeName: "config", path: "sub/app.env", key: "COLOR" } } }];
    const mount = { name: "image", mountPath: "/image" };
    const manifest = podOf("static-security", [shell("main", SLEEP, { env, volumeMounts: [...volumeMounts, mount] })], {
      volumes: [
        { name: "config", emptyDir: { medium: "Memory", sizeLimit: "1Mi" } },
        { name: "image", image: { reference: LAB_IMAGES.busyboxNumeric, pullPolicy: "Never" } },
      ],
      initContainers: [shell("write", `echo "COLOR='red'" >/config/app.env`, { volumeMounts })],
      hostnameOverride: "static.example",
      securityContext: { supplementalGroupsPolicy: "Strict", sysctls: [{ name: "net.core.somaxconn", value: "777" }] },
    });
    await rig().write("static-security.yaml", manifest);
    const pod = await untilApiPod(rig(), `static-security-${CLUSTER_NODE}`, (seen) => main(seen)?.ready);
    expect(await shellIn(rig(), pod, 'echo "$COLOR"; hostname; cat /proc/sys/net/core/somaxconn; ls /image/bin/busybox')).toBe(
      "red\nstatic.example\n777\n/image/bin/busybox\n",
    );
    await rig().unwrite("static-security.yaml");
  });

  it("does not start a container whose user may be root", async () => {
    const context = { securityContext: { runAsNonRoot: true } };
    await rig().create(podOf("maybe-root", [{ ...shell("main", SLEEP), image: LAB_IMAGES.busyboxNobody }], context));
    const pod = await untilApiPod(rig(), "maybe-root", (seen) => waitsFor(seen, "CreateContainerConfigError"));
    expect(main(pod)?.state?.waiting?.message).toBe(
      "container has runAsNonRoot and image has non-numeric user (nobody), cannot verify user is non-root " +
        `(pod: "maybe-root_default(${uidOf(pod)})", container: main)`,
    );
    await rig().remove("Pod", "maybe-root");
  });
};

/** Alone, because it ends the kubelet. */
export const describeRestart = (rig: () => ClusterRig): void => {
  it("keeps the ids of user namespaces over a restart of the kubelet", async () => {
    if (handlerFeatures(rig()).userNamespaces !== true) return report("the runtime has no user namespaces");
    const before = await runReady(rig(), podOf("userns-before", [shell("main", SLEEP)], { hostUsers: false }));
    const hostId = await hostIdOf(rig(), before);
    await rig().kubelet.kill();
    await rig().startKubelet();
    const after = await runReady(rig(), podOf("userns-after", [shell("main", SLEEP)], { hostUsers: false }));
    expect(await hostIdOf(rig(), after)).not.toBe(hostId);
    expect(await hostIdOf(rig(), before)).toBe(hostId);
    // A container that is made anew in the old sandbox has the old ids.
    await shellIn(rig(), before, "kill 1");
    const again = await untilApiPod(rig(), "userns-before", (pod) => main(pod)?.restartCount === 1 && main(pod)?.ready);
    expect((await shellIn(rig(), again, "cat /proc/self/uid_map")).trim().split(/\s+/)).toEqual(["0", String(hostId), "65536"]);
    await removeAll(rig(), ["userns-before", "userns-after"]);
  });
};

/** What pods ask of the kernel, and what is put into their containers. */
export const describeSecurity = (rig: () => ClusterRig): void => {
  describeKernel(rig);
  describeInside(rig);
};
