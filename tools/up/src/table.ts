import type { PodRow } from "./pods.ts";

const HEAD: PodRow = { name: "POD", phase: "PHASE", ready: "READY", restarts: "RESTARTS", age: "AGE", waitsFor: "WAITS FOR" };
const COLUMNS = ["name", "phase", "ready", "restarts", "age", "waitsFor"] as const;

/** The table as lines of at most `width` characters. */
export const renderTable = (rows: readonly PodRow[], width: number): string[] => {
  const lines = [HEAD, ...rows];
  const widths = COLUMNS.map((column) => Math.max(...lines.map((row) => row[column].length)));
  return lines.map((row) => {
    const cells = COLUMNS.map((column, index) =>
      row[column].replaceAll(/\s+/g, " ").padEnd(index === COLUMNS.length - 1 ? 0 : (widths[index] ?? 0)),
    );
    const line = cells.join("  ").trimEnd();
    return line.length > width ? `${line.slice(0, width - 1)}…` : line;
  });
};

/** A screen that shows the latest table. */
export interface TableScreen {
  show(rows: readonly PodRow[]): void;
}

/** On a terminal the table is redrawn in place; elsewhere it is printed again when more than an age changed. */
export const createTableScreen = (output: {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}): TableScreen => {
  let drawn = 0;
  let lastKey = "";
  return {
    show: (rows) => {
      if (output.isTTY === true) {
        const lines = renderTable(rows, output.columns || 80);
        output.write(`${drawn > 0 ? `\u001B[${drawn}A` : ""}\u001B[J${lines.join("\n")}\n`);
        drawn = lines.length;
        return;
      }
      const key = JSON.stringify(rows.map((row) => ({ ...row, age: "" })));
      if (key !== lastKey) output.write(`${renderTable(rows, 160).join("\n")}\n\n`);
      lastKey = key;
    },
  };
};
