import type { Figure } from "./figures.ts";

/** What one measurement gives of one kubelet. */
export interface Outcome {
  readonly figures: readonly Figure[];
  /** The machine's load averages before and after it: figures of a busy machine say little. */
  readonly load: readonly (readonly number[])[];
}

/** By measurement. */
export interface SubjectReport {
  /** What it says of itself when asked for its version. */
  readonly version: string;
  readonly outcomes: { readonly [measurement: string]: Outcome };
}

/** Whether all goals are met. */
export const isMet = ({ outcomes }: Pick<SubjectReport, "outcomes">): boolean =>
  Object.values(outcomes).every(({ figures }) => figures.every(({ ok }) => ok !== false));

const describeValue = (figure: Figure | undefined): string => (figure === undefined ? "" : `${figure.value} ${figure.unit}`);

const describeTail = ({ p99, max, count }: Figure): string => (p99 === undefined ? "" : `p99 ${p99}, max ${max} of ${count}`);

/** A table for people: ours first, any other's value beside it. */
export const formatReport = (own: SubjectReport, other: SubjectReport | undefined): string => {
  const lines: string[] = [];
  for (const [measurement, { figures, load }] of Object.entries(own.outcomes)) {
    lines.push(`${measurement} (load ${load.map(([first]) => first).join(" -> ")})`);
    const others = new Map(other?.outcomes[measurement]?.figures.map((figure) => [figure.name, figure]));
    const width = Math.max(...figures.map(({ name }) => name.length));
    for (const figure of figures) {
      const verdict = figure.ok === undefined ? "" : figure.ok ? "ok" : "MISSED";
      const goal = figure.goal === undefined ? "" : `under ${figure.goal}`;
      const columns = [verdict.padEnd(6), figure.name.padEnd(width), describeValue(figure).padStart(16), goal.padEnd(10)];
      const theirs = other === undefined ? [] : [describeValue(others.get(figure.name)).padStart(16)];
      lines.push(`  ${[...columns, ...theirs, describeTail(figure)].join("  ")}`.trimEnd());
    }
  }
  return `${lines.join("\n")}\n`;
};
