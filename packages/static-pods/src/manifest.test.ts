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
      `${MINIMAL}  readinessGates: [{conditionType: x}]\n`,
      [[7, "spec.readinessGates", /^is not supported by nk yet$/u]],
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
      items: [{ metadata: { name: "x" }, spec: { containers: [{ name: "c" }], readinessGates: [{}] } }],
    };
    expect(read(JSON.stringify(list)).problems.map(({ field }) => field)).toEqual([
      "items[0].spec.readinessGates",
      "items[0].spec.containers[0].image",
    ]);
  });

  it("refuses an alias bomb and a huge text in no time", () => {
    const bomb = [
      "a: &a [x,x,x,x,x,x,x,x,x,x]",
      ..."bcdefghij".split("").map((name, i) => `${name}: &${name} [${Array.from({ length: 10 }, () => `*${"abcdefghij"[i]}`).join(",")}]`),
    ];
    expect(read(bomb.join("\n")).problems[0]?.message).toMatch(/alias/iu);
    expect(read(`${MINIMAL}${"# long\n".repeat(40_000)}`).problems).toEqual([
      {
        location: "/m/a.yaml",
        line: 1,
        message: "parse YAML: longer than 262144 characters; split it up, or write it as one JSON object",
      },
    ]);
    expect(read(`- &a x\n${"- *a\n".repeat(1001)}`).problems[0]?.message).toBe("parse YAML: more than 1000 aliases");
  });

  const repeated = (write: (index: number) => string): string => Array.from({ length: 15_000 }, (_, index) => write(index)).join("");

  it.each([
    ["keys", repeated((i) => `k${i}: 1\n`), /^Unsupported value|^Required value/u],
    ["keys on one line", `{${repeated((i) => `k${i},`)}}`, /^Required value/u],
    ["the same key", `{${repeated(() => "a,")}}`, /^parse YAML: Map keys must be unique$/u],
    ["merged mappings", `{${repeated(() => "<<: {a: 1},")}}`, /^Required value/u],
    ["aliases", repeated((i) => `- &a${i} x\n- *a${i}\n`).slice(0, 200_000), /^parse YAML: more than 1000 aliases$/u],
    ["brackets that close nothing", repeated(() => "]"), /^parse YAML: Unexpected flow-seq-end/u],
    ["empty documents", repeated(() => "---\n"), /^holds more than 1000 documents;/u],
    [
      "unknown fields",
      JSON.stringify({ apiVersion: "v1", kind: "Pod", ...Object.fromEntries(Array.from({ length: 200_000 }, (_, i) => [`k${i}`, 1])) }),
      /^holds more than 20000 values, which no pod needs$/u,
    ],
  ])("takes no more than linear time over many %s", (_what, text, message) => {
    // The node's clock would make this flaky; an algorithm that is quadratic takes long enough for the test's own time limit.
    const { pods, problems } = read(text);
    expect(pods).toEqual([]);
    expect(problems[0]?.message).toMatch(message);
  });

  it("finds a key that stands twice as a number and as text, but not two merge keys", () => {
    expect(read(MINIMAL.replace("name: a", 'name: a, annotations: {1: x, "1": y}')).problems).toEqual([
      { location: "/m/a.yaml", line: 3, message: "parse YAML: Map keys must be unique" },
    ]);
    const merged = MINIMAL.replace("name: a", "name: a, labels: &l {a: b}, annotations: {<<: *l, <<: {c: d}}");
    expect(read(merged).pods[0]?.metadata?.annotations).toMatchObject({ a: "b", c: "d" });
  });

  it("takes as many pods and documents as it may, and none of more", () => {
    const document = (name: string): string => MINIMAL.replace("name: a", `name: ${name}`);
    const three = ["a", "b", "c"].map((name) => `---\n${document(name)}`).join("");
    const list = (count: number): string =>
      JSON.stringify({
        apiVersion: "v1",
        kind: "PodList",
        items: Array.from({ length: count }, (_, i) => ({
          metadata: { name: `p${i}` },
          spec: { containers: [{ name: "c", image: "i" }] },
        })),
      });
    expect(read(three, { maxPods: 3 }).pods).toHaveLength(3);
    expect(read(three, { maxPods: 2 })).toEqual({
      pods: [],
      problems: [{ location: "/m/a.yaml", message: "holds more than 2 documents; spread them over several files" }],
    });
    expect(read(list(1000)).pods).toHaveLength(1000);
    expect(read(list(1001)).problems).toEqual([
      { location: "/m/a.yaml", message: "holds more than 1000 pods; spread them over several files" },
    ]);
    expect(read(`${list(2)}\n---\n${list(2)}`, { maxPods: 3, source: "http", location: "http://x/" }).problems).toEqual([
      { location: "http://x/", message: "holds more than 3 pods; only so many can be taken from one URL" },
    ]);
  });

  it.each([
    ["0a1B-c.d", true],
    ["a_b", false],
    ["a..b", false],
    ["-a", false],
    ["a".repeat(129), false],
  ])("accepts UID %j: %j", (uid, isGood) => {
    const { problems } = read(MINIMAL.replace("name: a", `name: a, uid: "${uid}"`));
    expect(problems.map(({ field }) => field)).toEqual(isGood ? [] : ["metadata.uid"]);
  });

  it("takes the identity it is given instead of the location, and shows it nowhere", () => {
    const at = (identity?: string): Manifest => read(MINIMAL, { source: "http", location: "http://x/", identity });
    const uidOf = ({ pods }: Manifest): string | undefined => pods[0]?.metadata?.uid;
    expect(uidOf(at("http://x/"))).toBe(uidOf(at()));
    expect(uidOf(at("http://x/?token=s3cret"))).not.toBe(uidOf(at()));
    expect(JSON.stringify(at("http://x/?token=s3cret"))).not.toContain("s3cret");
  });

  it("survives nesting without end", () => {
    const wrap = (inner: string): string => MINIMAL.replace("name: a", `name: a, managedFields: [{fieldsV1: ${inner}}]`);
    const deep = `${'{"a":'.repeat(15_000)}1${"}".repeat(15_000)}`;
    const json = `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","managedFields":[{"fieldsV1":${deep}}]},"spec":{"containers":[{"name":"c","image":"i"}]}}`;
    expect(read(json).problems).toEqual([{ location: "/m/a.yaml", line: 1, message: "nested too deeply" }]);
    expect(read(wrap("&x {b: *x}")).problems).toHaveLength(1);
    expect(read("[".repeat(20_000)).pods).toEqual([]);
  });

  it("reads a large list of JSON without the YAML parser", () => {
    const items = Array.from({ length: 1000 }, (_, i) => ({
      metadata: { name: `p${i}` },
      spec: { containers: [{ name: "c", image: "i", command: ["x".repeat(9000)] }] },
    }));
    expect(read(JSON.stringify({ apiVersion: "v1", kind: "PodList", items })).pods).toHaveLength(1000);
  });
});
