import { applyPodDefaults } from "@nk/pod-model";
import type { Pod } from "@nk/pod-model";
import type { ApiObject } from "../contracts.ts";
import { DAEMON_SET_TABLE, DEPLOYMENT_TABLE, JOB_TABLE, REPLICA_SET_TABLE, STATEFUL_SET_TABLE } from "../tables/group-tables.ts";
import { invalid, required } from "./field-error.ts";
import type { FieldError } from "./field-error.ts";
import type { KindDefinition } from "./kind-definition.ts";
import { mapAt, numberAt, textAt, valueAt } from "./read-path.ts";
import { SCALE } from "./scale.ts";
import { statusSubresource } from "./status.ts";

type Fields = { readonly [field: string]: unknown };

const APPS = { group: "apps", version: "v1", namespaced: true, categories: ["all"] } as const;

/** The template's pod gets the defaults every pod gets. */
const withTemplate = (spec: Fields): Fields => {
  const template = mapAt(spec, "template");
  if (template["spec"] === undefined) return spec;
  return { ...spec, template: { ...template, spec: applyPodDefaults({ spec: template["spec"] } as Pod).spec } };
};

const defaultsOf =
  (defaults: Fields) =>
  (object: ApiObject): ApiObject => ({ ...object, spec: withTemplate({ ...defaults, ...mapAt(object, "spec") }) });

/** The selector has to be there and to select the template's pods. */
const validate = (object: ApiObject): readonly FieldError[] => {
  const wanted = Object.entries(mapAt(object, "spec.selector.matchLabels"));
  const labels = mapAt(object, "spec.template.metadata.labels");
  const hasSelector = wanted.length > 0 || valueAt(object, "spec.selector.matchExpressions") !== undefined;
  const replicas = numberAt(object, "spec.replicas");
  return [
    ...(hasSelector ? [] : [required("spec.selector")]),
    ...(wanted.every(([key, value]) => labels[key] === value)
      ? []
      : [invalid("spec.template.metadata.labels", labels, "`selector` does not match template `labels`")]),
    ...(replicas < 0 ? [invalid("spec.replicas", replicas, "must be greater than or equal to 0")] : []),
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
    strategy: strategyOf(
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
        suspend: false,
        podReplacementPolicy: "TerminatingOrFailed",
      }),
      // Told apart by its uid, which only the store gives: the selector is by name here.
      prepareCreate: (object) => ({
        ...object,
        spec: { ...mapAt(object, "spec"), selector: valueAt(object, "spec.selector") ?? jobSelector(object) },
        status: {},
      }),
      validateCreate: (object) =>
        ["Never", "OnFailure"].includes(textAt(object, "spec.template.spec.restartPolicy"))
          ? []
          : [required("spec.template.spec.restartPolicy", 'valid values: "OnFailure", "Never"')],
    },
    subresources: [statusSubresource()],
  },
];

const jobSelector = (object: ApiObject): Fields => ({ matchLabels: { "batch.kubernetes.io/job-name": object.metadata?.name ?? "" } });
