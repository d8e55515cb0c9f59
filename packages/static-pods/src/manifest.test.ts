import { describe, expect, it } from "vitest";
import { readManifest } from "./manifest.ts";
import type { Manifest, ManifestOptions } from "./manifest.ts";

const read = (text: string, more: Partial<ManifestOptions> = {}): Manifest =>
  readManifest(text, { source: "file", location: "/m/a.yaml", nodeName: "Node-1", seenMs: 0, ...more });
const MINIMAL = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n  - {name: c, image: i}\n";

describe("readManifest", () => {
  it("gives a pod its identity, its source's marks and the API's defaults", () => {
    const [pod] = read(MINIMAL).pods;
    expect(pod?.metadata?.name).toBe("a-node-1");
    expect(pod?.metadata?.namespace).toBe("default");
    expect(pod?.metadata?.uid).toMatch(/^[0-9a-f]{32}$/u);
    expect(pod?.metadata?.annotations).toEqual({
      "kubernetes.io/config.hash": pod?.metadata?.uid,
      "kubernetes.io/config.seen": "1970-01-01T00:00:00.000000000Z",
      "kubernetes.io/config.source": "file",
    });
    expect(pod?.spec).toMatchObject({
      nodeName: "Node-1",
      restartPolicy: "Always",
      tolerations: [{ operator: "Exists", effect: "NoExecute" }],
    });
    expect(pod?.status).toEqual({ phase: "Pending" });
    expect(pod).not.toHaveProperty("kind");
  });

  it("adds no toleration to a pod from a URL", () => {
    const [pod] = read(MINIMAL, { source: "http", location: "http://x/" }).pods;
    expect(pod?.spec?.tolerations).toBeUndefined();
    expect(pod?.metadata?.annotations).toMatchObject({ "kubernetes.io/config.source": "http" });
  });

  it("keeps a UID that was given, and takes it for the hash", () => {
    const [pod] = read(MINIMAL.replace("name: a", "name: a, uid: 11111111-2222-3333-4444-555555555555")).pods;
    expect(pod?.metadata?.uid).toBe("11111111-2222-3333-4444-555555555555");
    expect(pod?.metadata?.annotations?.["kubernetes.io/config.hash"]).toBe("11111111-2222-3333-4444-555555555555");
  });

  it("computes the same UID for the same content, whatever its layout, order and status", () => {
    const uidOf = (text: string, more: Partial<ManifestOptions> = {}): string | undefined => read(text, more).pods[0]?.metadata?.uid;
    const uid = uidOf(MINIMAL);
    const json =
      '{"kind":"Pod","apiVersion":"v1","spec":{"containers":[{"image":"i","name":"c"}]},"metadata":{"name":"a"},"status":{"phase":"Failed"}}';
    expect(uidOf(`# a comment\n${MINIMAL}`, { seenMs: 5 })).toBe(uid);
    expect(uidOf(json)).toBe(uid);
    expect(uidOf(MINIMAL.replace("image: i", "image: j"))).not.toBe(uid);
    expect(uidOf(MINIMAL.replace("name: a", "name: a, labels: {x: y}"))).not.toBe(uid);
    expect(uidOf(MINIMAL, { location: "/m/b.yaml" })).not.toBe(uid);
    expect(uidOf(MINIMAL, { nodeName: "node-2" })).not.toBe(uid);
    expect(uidOf(MINIMAL, { source: "http" })).not.toBe(uid);
  });

  it("accepts several documents, empty ones among them, and lists of pods", () => {
    const names = (text: string): readonly (string | undefined)[] => read(text).pods.map((pod) => pod.metadata?.name);
    expect(names(`---\n# nothing\n---\n${MINIMAL}---\n---\n${MINIMAL.replace("name: a", "name: b")}`)).toEqual(["a-node-1", "b-node-1"]);
    const list = {
      apiVersion: "v1",
      kind: "PodList",
      items: ["x", "y"].map((name) => ({ metadata: { name }, spec: { containers: [{ name: "c", image: "i" }] } })),
    };
    expect(names(JSON.stringify(list))).toEqual(["x-node-1", "y-node-1"]);
    expect(read(JSON.stringify({ ...list, items: [] }))).toEqual({ pods: [], problems: [] });
  });

  it("reads tabs in JSON, anchors, merge keys and YAML 1.1 scalars as the reference does", () => {
    const [pod] = read(`
apiVersion: v1
kind: Pod
metadata: {name: a, labels: &l {x: "1"}, annotations: {<<: *l, d: 2001-01-01, t: "1:30", o: '0644'}}
spec:
  hostNetwork: yes
  terminationGracePeriodSeconds: 010
  containers:
  - {name: c, image: i, resources: {limits: {cpu: 0.5, memory: 1000000}}}
`).pods;
    expect(pod?.spec).toMatchObject({ hostNetwork: true, terminationGracePeriodSeconds: 8 });
    expect(pod?.spec?.containers[0]?.resources?.limits).toEqual({ cpu: "500m", memory: "1M" });
    expect(pod?.metadata?.annotations).toMatchObject({ x: "1", d: "2001-01-01", o: "0644" });
    expect(
      read(
        JSON.stringify(
          JSON.parse('{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"},"spec":{"containers":[{"name":"c","image":"i"}]}}'),
          null,
          "\t",
        ),
      ).problems,
    ).toEqual([]);
  });

  it.each<readonly [string, string, readonly (readonly [number | undefined, string | undefined, RegExp])[]]>([
    ["not YAML", "{ this is not json", [[1, undefined, /^parse YAML: /u]]],
    ["a tab in the wrong place", "a:\n\tb: 1\n", [[2, undefined, /tab/iu]]],
    ["a duplicate key", `${MINIMAL}  containers: []\n`, [[7, undefined, /unique/u]]],
    ["an unknown tag", MINIMAL.replace("image: i", "image: !env i"), [[6, undefined, /tag/u]]],
    ["only text", "hello", [[1, undefined, /no object/u]]],
    ["nothing", "", [[undefined, undefined, /^contains no pod$/u]]],
    ["only comments", "# later\n---\n", [[undefined, undefined, /^contains no pod$/u]]],
    [
      "another kind",
      "apiVersion: apps/v1\nkind: Deployment\n",
      [
        [2, "kind", /^Unsupported value: "Deployment": supported values: "Pod", "PodList"$/u],
        [1, "apiVersion", /"apps\/v1"/u],
      ],
    ],
    [
      "no kind",
      "metadata: {name: x}\n",
      [
        [1, "kind", /^Required value$/u],
        [1, "apiVersion", /^Required value$/u],
      ],
    ],
    ["a kind that is a number", "apiVersion: v1\nkind: 5\n", [[2, "kind", /^Unsupported value: 5: /u]]],
    ["no name", MINIMAL.replace("{name: a}", "{}"), [[3, "metadata.name", /^Required value/u]]],
    ["an unknown field", MINIMAL.replace("image: i", "imagee: i"), [[6, "spec.containers[0].imagee", /did you mean "image"/u]]],
    ["no spec", "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n", [[1, "spec", /^Required value$/u]]],
    ["no image", MINIMAL.replace(", image: i", ""), [[6, "spec.containers[0].image", /^Required value$/u]]],
    [
      "a field of an API object",
      MINIMAL.replace("image: i", "image: i, envFrom: [{configMapRef: {name: x}}]"),
      [[6, "spec.containers[0].envFrom[0].configMapRef", /^Forbidden: static pods may not reference configmaps$/u]],
    ],
    [
      "a field that nk lacks",
      `${MINIMAL}  activeDeadlineSeconds: 5\n`,
      [[7, "spec.activeDeadlineSeconds", /^is not supported by nk yet$/u]],
    ],
    [
      "a problem in the second document",
      `${MINIMAL}---\n${MINIMAL.replace("image: i", "image: ''")}`,
      [[13, "spec.containers[0].image", /^Required value$/u]],
    ],
    ["the same name twice", `${MINIMAL}---\n${MINIMAL.replace("image: i", "image: j")}`, [[undefined, "metadata.name", /stands twice/u]]],
    ["a path where the UID belongs", MINIMAL.replace("name: a", "name: a, uid: ../../etc"), [[3, "metadata.uid", /^Invalid value/u]]],
    ["an integer out of range", `${MINIMAL}  priority: 92233720368547758080\n`, [[7, "spec.priority", /out of range/u]]],
  ])("names line and field of %s, and gives no pod", (_what, text, expected) => {
    const { pods, problems } = read(text);
    expect(pods).toEqual([]);
    expect(problems.map(({ line, field }) => [line, field])).toEqual(expected.map(([line, field]) => [line, field]));
    for (const [index, [, , message]] of expected.entries()) expect(problems[index]?.message).toMatch(message);
    for (const { location } of problems) expect(location).toBe("/m/a.yaml");
  });

  it("names items of a list with their index", () => {
    const list = {
      apiVersion: "v1",
      kind: "PodList",
      items: [{ metadata: { name: "x" }, spec: { containers: [{ name: "c" }], hostUsers: false } }],
    };
    expect(read(JSON.stringify(list)).problems.map(({ field }) => field)).toEqual([
      "items[0].spec.hostUsers",
      "items[0].spec.containers[0].image",
    ]);
  });

  it("refuses an alias bomb and a huge text in no time", () => {
    const bomb = [
      "a: &a [x,x,x,x,x,x,x,x,x,x]",
      ..."bcdefghij".split("").map((name, i) => `${name}: &${name} [${Array.from({ length: 10 }, () => `*${"abcdefghij"[i]}`).join(",")}]`),
    ];
    expect(read(bomb.join("\n")).problems[0]?.message).toMatch(/alias/iu);
    expect(read(`${MINIMAL}${"# long\n".repeat(200_000)}`).problems[0]?.message).toMatch(/longer than/u);
  });

  it("survives nesting without end", () => {
    const wrap = (inner: string): string => MINIMAL.replace("name: a", `name: a, managedFields: [{fieldsV1: ${inner}}]`);
    const deep = `${'{"a":'.repeat(50_000)}1${"}".repeat(50_000)}`;
    const json = `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","managedFields":[{"fieldsV1":${deep}}]},"spec":{"containers":[{"name":"c","image":"i"}]}}`;
    expect(read(json).problems).toEqual([{ location: "/m/a.yaml", line: 1, message: "nested too deeply" }]);
    expect(read(wrap("&x {b: *x}")).problems).toHaveLength(1);
    expect(read("[".repeat(20_000)).pods).toEqual([]);
  });

  it("reads a large list of JSON without the YAML parser", () => {
    const items = Array.from({ length: 2000 }, (_, i) => ({
      metadata: { name: `p${i}` },
      spec: { containers: [{ name: "c", image: "i", command: ["x".repeat(600)] }] },
    }));
    expect(read(JSON.stringify({ apiVersion: "v1", kind: "PodList", items })).pods).toHaveLength(2000);
  });
});
