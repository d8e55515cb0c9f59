import type { ApiObject } from "../contracts.ts";
import { DAEMON_SET_TABLE, DEPLOYMENT_TABLE, JOB_TABLE, REPLICA_SET_TABLE, STATEFUL_SET_TABLE } from "../tables/group-tables.ts";
import { invalid, required } from "./field-error.ts";
import type { FieldError } from "./field-error.ts";
import type { KindDefinition } from "./kind-definition.ts";
import { flagAt, mapAt, numberAt, textAt, valueAt } from "./read-path.ts";
import { validateTemplate, withTemplateDefaults } from "./pod-template.ts";
import { SCALE } from "./scale.ts";
import { statusSubresource } from "./status.ts";

type Fields = { readonly [field: string]: unknown };

const APPS = { group: "apps", version: "v1", namespaced: true, categories: ["all"] } as const;

const isFields = (value: unknown): value is Fields => typeof value === "object" && value !== null && !Array.isArray(value);

/** Absent fields from the defaults, however deep. */
const fillIn = (defaults: Fields, value: Fields): Fields => {
  const filled: { [field: string]: unknown } = { ...value };
  for (const [name, preset] of Object.entries(defaults)) {
    const given = value[name];
    if (given === undefined || given === null) filled[name] = preset;
    else if (isFields(preset) && isFields(given)) filled[name] = fillIn(preset, given);
  }
  return filled;
};

const defaultsOf =
  (defaults: Fields) =>
  (object: ApiObject): ApiObject => ({ ...object, spec: withTemplateDefaults(fillIn(defaults, mapAt(object, "spec"))) });

/** The selector has to be there and to select the template's pods. */
const validate = (object: ApiObject): readonly FieldError[] => {
  const labelled = valueAt(object, "spec.template.metadata.labels");
  const wanted = Object.entries(mapAt(object, "spec.selector.matchLabels"));
  const labels = mapAt(object, "spec.template.metadata.labels");
  const hasSelector = wanted.length > 0 || valueAt(object, "spec.selector.matchExpressions") !== undefined;
  const replicas = numberAt(object, "spec.replicas");
  return [
    ...(hasSelector ? [] : [required("spec.selector")]),
    ...(hasSelector && wanted.every(([key, value]) => labels[key] === value)
      ? []
      : [invalid("spec.template.metadata.labels", labelled ?? null, "`selector` does not match template `labels`")]),
    ...(replicas < 0 ? [invalid("spec.replicas", replicas, "must be greater than or equal to 0")] : []),
    ...validateTemplate(object),
  ];
};

const keepSelector = (next: ApiObject, current: ApiObject): readonly FieldError[] =>
  JSON.stringify(valueAt(next, "spec.selector")) === JSON.stringify(valueAt(current, "spec.selector"))
    ? validate(next)
    : [...validate(next), invalid("spec.selector", valueAt(next, "spec.selector"), "field is immutable")];

const strategyOf = (defaults: Fields, status: Fields): KindDefinition["strategy"] => ({
  keepsGeneration: true,
  applyDefaults: defaultsOf(defaults),
  prepareCreate: (object) => ({ ...object, status }),
  validateCreate: validate,
  validateUpdate: keepSelector,
});

const JOB_NAME = "batch.kubernetes.io/job-name";
const JOB_UID = "batch.kubernetes.io/controller-uid";

/** A job finds its pods by its own uid. */
const withJobLabels = (job: ApiObject): ApiObject => {
  const { name = "", uid = "" } = job.metadata ?? {};
  const spec = mapAt(job, "spec");
  if (flagAt(spec, "manualSelector")) return { ...job, status: {} };
  const template = mapAt(spec, "template");
  const labels = { [JOB_UID]: uid, [JOB_NAME]: name, "controller-uid": uid, "job-name": name };
  const metadata = mapAt(template, "metadata");
  return {
    ...job,
    metadata: { ...job.metadata, labels: { ...labels, ...job.metadata?.labels } },
    spec: {
      ...spec,
      selector: { matchLabels: { [JOB_UID]: uid } },
      template: { ...template, metadata: { ...metadata, labels: { ...mapAt(metadata, "labels"), ...labels } } },
    },
    status: {},
  };
};

const GENERATION = "deprecated.daemonset.template.generation";

/** Daemon sets still count the versions of their template in an annotation. */
const daemonStrategyOf = (defaults: Fields, status: Fields): KindDefinition["strategy"] => ({
  ...strategyOf(defaults, status),
  prepareCreate: (object) => ({
    ...object,
    metadata: { ...object.metadata, annotations: { ...object.metadata?.annotations, [GENERATION]: "1" } },
    status,
  }),
});

const ROLLING = { type: "RollingUpdate", rollingUpdate: { maxUnavailable: "25%", maxSurge: "25%" } };

/** Kinds of apps/v1 and batch/v1: stored, for nobody here runs them. */
export const WORKLOAD_KINDS: readonly KindDefinition[] = [
  {
    ...APPS,
    resource: "daemonsets",
    singular: "daemonset",
    kind: "DaemonSet",
    type: "apps.DaemonSet",
    shortNames: ["ds"],
    table: DAEMON_SET_TABLE,
    strategy: daemonStrategyOf(
      { updateStrategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } }, revisionHistoryLimit: 10 },
      { currentNumberScheduled: 0, numberMisscheduled: 0, desiredNumberScheduled: 0, numberReady: 0 },
    ),
    subresources: [statusSubresource()],
  },
  {
    ...APPS,
    resource: "deployments",
    singular: "deployment",
    kind: "Deployment",
    type: "apps.Deployment",
    shortNames: ["deploy"],
    table: DEPLOYMENT_TABLE,
    strategy: strategyOf({ replicas: 1, strategy: ROLLING, revisionHistoryLimit: 10, progressDeadlineSeconds: 600 }, {}),
    subresources: [statusSubresource(), SCALE],
  },
  {
    ...APPS,
    resource: "replicasets",
    singular: "replicaset",
    kind: "ReplicaSet",
    type: "apps.ReplicaSet",
    shortNames: ["rs"],
    table: REPLICA_SET_TABLE,
    selectableFields: { "status.replicas": (object) => `${numberAt(object, "status.replicas")}` },
    strategy: strategyOf({ replicas: 1 }, { replicas: 0 }),
    subresources: [statusSubresource(), SCALE],
  },
  {
    ...APPS,
    resource: "statefulsets",
    singular: "statefulset",
    kind: "StatefulSet",
    type: "apps.StatefulSet",
    shortNames: ["sts"],
    table: STATEFUL_SET_TABLE,
    strategy: strategyOf(
      {
        replicas: 1,
        podManagementPolicy: "OrderedReady",
        updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: 0 } },
        revisionHistoryLimit: 10,
        persistentVolumeClaimRetentionPolicy: { whenDeleted: "Retain", whenScaled: "Retain" },
      },
      { replicas: 0, availableReplicas: 0 },
    ),
    subresources: [statusSubresource(), SCALE],
  },
  {
    group: "apps",
    version: "v1",
    namespaced: true,
    resource: "controllerrevisions",
    singular: "controllerrevision",
    kind: "ControllerRevision",
    type: "apps.ControllerRevision",
    strategy: {},
  },
  {
    group: "batch",
    version: "v1",
    namespaced: true,
    categories: ["all"],
    resource: "jobs",
    singular: "job",
    kind: "Job",
    type: "batch.Job",
    table: JOB_TABLE,
    selectableFields: { "status.successful": (object) => `${numberAt(object, "status.succeeded")}` },
    strategy: {
      keepsGeneration: true,
      applyDefaults: defaultsOf({
        parallelism: 1,
        completions: 1,
        backoffLimit: 6,
        completionMode: "NonIndexed",
        manualSelector: false,
        suspend: false,
        podReplacementPolicy: "TerminatingOrFailed",
      }),
      prepareCreate: withJobLabels,
      validateCreate: (object) =>
        ["Never", "OnFailure"].includes(textAt(object, "spec.template.spec.restartPolicy"))
          ? []
          : [required("spec.template.spec.restartPolicy", 'valid values: "OnFailure", "Never"')],
    },
    subresources: [statusSubresource()],
  },
];
