import type { Container, HTTPGetAction, Pod, PodSpec } from "@nk/pod-model";
import type { ApiObject } from "./api-objects.ts";
import { SLEEP, podOf, shell } from "./manifests.ts";
import type { PlantedValues } from "./planted-values.ts";

/** Where the pods' probes and hooks go, and where their images are. */
export interface SecretPlaces {
  readonly host: string;
  readonly peerPort: number;
  /** Nobody listens on it. */
  readonly refusedPort: number;
  /** Images whose login is in a pull secret. */
  readonly teamImage: string;
  /** Images whose login is the node's. */
  readonly nodeImage: string;
  readonly registry: string;
  readonly login: { readonly username: string; readonly password: string };
}

/** Everything that is planted in objects of the API. */
export interface SecretWorld {
  /** Values as the container must see them, by what it reads. */
  readonly seen: { readonly [script: string]: string };
  /** Values of headers, by the path that must have been asked with them. They stand in the pods' specs, which the API and `/pods` show. */
  readonly headers: { readonly [path: string]: string };
  readonly objects: readonly ApiObject[];
  readonly pods: readonly Pod[];
  readonly nodeImage: string;
}

interface SecretObject extends ApiObject {
  readonly type?: string;
  readonly stringData: { readonly [key: string]: string };
}

const secret = (name: string, stringData: SecretObject["stringData"], type?: string): SecretObject => ({
  apiVersion: "v1",
  kind: "Secret",
  metadata: { name },
  ...(type === undefined ? {} : { type }),
  stringData,
});

const pullSecret = (name: string, registry: string, auth: string): SecretObject =>
  secret(name, { ".dockerconfigjson": JSON.stringify({ auths: { [registry]: { auth } } }) }, "kubernetes.io/dockerconfigjson");

/** What docker makes of a login. */
export const authOf = ({ username, password }: SecretPlaces["login"]): string => Buffer.from(`${username}:${password}`).toString("base64");

const fromSecret = (key: string, variable: string = "PASSWORD"): NonNullable<Container["env"]>[number] => ({
  name: variable,
  valueFrom: { secretKeyRef: { name: "planted", key } },
});

/** A pod that pulls its image, whatever is on the node already. */
export const pulling = (name: string, image: string, pullSecretName?: string): Pod =>
  podOf(
    name,
    [shell("main", SLEEP, { image, imagePullPolicy: "Always" })],
    pullSecretName === undefined ? {} : { imagePullSecrets: [{ name: pullSecretName }] },
  );

/** The pod that gets everything and shows it to nobody but itself. */
const shownPod = (): Pod => {
  const volumes: NonNullable<PodSpec["volumes"]> = [
    { name: "whole", secret: { secretName: "planted", defaultMode: 0o440 } },
    {
      name: "projected",
      projected: {
        sources: [
          { secret: { name: "planted", items: [{ key: "projected", path: "deep/value" }] } },
          { serviceAccountToken: { path: "token", audience: "somebody" } },
        ],
      },
    },
    { name: "scratch", emptyDir: {} },
  ];
  return podOf(
    "shown",
    [
      shell("main", SLEEP, {
        args: ["$(PASSWORD)"],
        env: [fromSecret("env"), { name: "URL", value: "http://user:$(PASSWORD)@host/" }],
        envFrom: [{ prefix: "ALL_", secretRef: { name: "planted" } }],
        volumeMounts: [
          { name: "whole", mountPath: "/whole" },
          { name: "whole", mountPath: "/one-file", subPath: "file" },
          { name: "projected", mountPath: "/projected" },
          { name: "scratch", mountPath: "/scratch", subPathExpr: "$(ALL_word)" },
        ],
      }),
    ],
    { volumes },
  );
};

/** What each pod that cannot go on says of it, as the reason of an event. */
export const FAILURES: { readonly [pod: string]: string } = {
  "no-key": "Failed",
  "no-item": "FailedMount",
  climbing: "Failed",
  absolute: "Failed",
  blocked: "Failed",
  "no-command": "Failed",
  "nul-byte": "Failed",
  crashes: "BackOff",
  "wrong-login": "Failed",
  "refused-pull": "Failed",
  "garbled-login": "Failed",
  probed: "Unhealthy",
  "probed-in-vain": "Unhealthy",
  "hooked-in-vain": "FailedPostStartHook",
};

/** The pods that become Ready. */
export const SUCCESSES: readonly string[] = ["shown", "right-login", "node-login", "hooked", "hooked-tls"];

/** Pods that cannot start because of what is said about a Secret, or what is in it. */
const failingPods = (places: SecretPlaces): readonly Pod[] => {
  const mounting = (name: string, subPathExpr: string): Pod =>
    podOf(
      name,
      [
        shell("main", SLEEP, {
          env: [fromSecret("climbing", "CLIMBING"), fromSecret("absolute", "ABSOLUTE"), fromSecret("word", "WORD")],
          volumeMounts: [{ name: "whole", mountPath: "/mounted", subPathExpr }],
        }),
      ],
      { volumes: [{ name: "whole", secret: { secretName: "planted" } }] },
    );
  return [
    podOf("no-key", [shell("main", SLEEP, { env: [fromSecret("env"), fromSecret("none", "NONE")] })]),
    podOf("no-item", [shell("main", SLEEP, { volumeMounts: [{ name: "items", mountPath: "/items" }] })], {
      volumes: [
        {
          name: "items",
          secret: {
            secretName: "planted",
            items: [
              { key: "file", path: "file" },
              { key: "none", path: "none" },
            ],
          },
        },
      ],
    }),
    mounting("climbing", "a/$(CLIMBING)"),
    mounting("absolute", "$(ABSOLUTE)"),
    // What is to be the folder is a file.
    mounting("blocked", "env/$(WORD)"),
    podOf("no-command", [{ ...shell("main", SLEEP), command: ["$(PASSWORD)"], env: [fromSecret("word")] }]),
    podOf("crashes", [shell("main", "exit 1", { env: [fromSecret("env")], terminationMessagePolicy: "FallbackToLogsOnError" })]),
    podOf("nul-byte", [shell("main", SLEEP, { envFrom: [{ secretRef: { name: "binary" } }] })]),
    pulling("wrong-login", places.teamImage, "wrong-login"),
    pulling("refused-pull", `127.0.0.1:${places.refusedPort}/team/app:v1`, "refused-pull"),
    pulling("garbled-login", `127.0.0.1:${places.refusedPort}/garbled/app:v1`, "garbled-login"),
  ];
};

const plantedObjects = (
  planted: PlantedValues,
  places: SecretPlaces,
): { readonly objects: readonly ApiObject[]; readonly data: { readonly [key: string]: string } } => {
  const data = {
    env: planted.plantText("Secret for the environment"),
    word: planted.plantWord("Secret for a command"),
    file: planted.plantText("Secret for a file"),
    projected: planted.plantText("projected Secret"),
    climbing: `../${planted.plantWord("Secret that climbs out of a volume")}`,
    absolute: `/${planted.plantWord("Secret that is an absolute path")}`,
  };
  const refused = `127.0.0.1:${places.refusedPort}`;
  const wrong = { ...places.login, password: planted.plantWord("wrong password") };
  const elsewhere = { username: "robot", password: planted.plantWord("password of a registry that is down") };
  return {
    data,
    objects: [
      secret("planted", data),
      secret("binary", { key: `${planted.plantWord("Secret with a NUL byte")}\0${planted.plantWord("Secret with a NUL byte")}` }),
      pullSecret("right-login", places.registry, authOf(places.login)),
      pullSecret("wrong-login", places.registry, authOf(wrong)),
      pullSecret("refused-pull", refused, authOf(elsewhere)),
      // No base64 of a user and a password.
      pullSecret("garbled-login", refused, `robot:${planted.plantWord("login that cannot be decoded")}`),
    ],
  };
};

/** Everything that uses Secrets and headers, made with new values. */
export const createSecretWorld = (planted: PlantedValues, places: SecretPlaces): SecretWorld => {
  const { objects, data } = plantedObjects(planted, places);
  const headers: { [path: string]: string } = {};
  const asking = (path: string, more: Partial<HTTPGetAction> = {}): HTTPGetAction => {
    const value = planted.plantWord(`header for ${path}`);
    headers[path] = value;
    return { host: places.host, port: places.peerPort, path, httpHeaders: [{ name: "X-Planted", value: `secret ${value}` }], ...more };
  };
  const refused = (path: string): HTTPGetAction => asking(path, { port: places.refusedPort });
  const pods = [
    shownPod(),
    ...failingPods(places),
    pulling("right-login", places.teamImage, "right-login"),
    pulling("node-login", places.nodeImage),
    podOf("probed", [
      shell("main", SLEEP, {
        readinessProbe: { httpGet: asking("/ready"), periodSeconds: 1 },
        livenessProbe: { httpGet: asking("/alive"), periodSeconds: 1, failureThreshold: 1 },
      }),
    ]),
    podOf("probed-in-vain", [shell("main", SLEEP, { readinessProbe: { httpGet: refused("/probe-refused"), periodSeconds: 1 } })]),
    podOf("hooked", [
      shell("main", SLEEP, { lifecycle: { postStart: { httpGet: asking("/started") }, preStop: { httpGet: refused("/stop-refused") } } }),
    ]),
    podOf("hooked-tls", [shell("main", SLEEP, { lifecycle: { postStart: { httpGet: asking("/started-tls", { scheme: "HTTPS" }) } } })]),
    podOf("hooked-in-vain", [shell("main", SLEEP, { lifecycle: { postStart: { httpGet: refused("/start-refused") } } })]),
  ];
  return {
    seen: {
      'printf %s "$PASSWORD"': data["env"] ?? "",
      'printf %s "$ALL_file"': data["file"] ?? "",
      'printf %s "$URL"': `http://user:${data["env"] ?? ""}@host/`,
      "cat /whole/env": data["env"] ?? "",
      "cat /one-file": data["file"] ?? "",
      "cat /projected/deep/value": data["projected"] ?? "",
    },
    headers,
    objects,
    pods,
    nodeImage: places.nodeImage,
  };
};
