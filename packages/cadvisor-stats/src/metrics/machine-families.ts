import type { MachineInfo } from "../machine/machine-info.ts";
import type { Family, LabelSet, Sample } from "./exposition.ts";

interface MachineFamily {
  readonly name: string;
  readonly help: string;
  readonly values: (machine: MachineInfo) => readonly (readonly [value: number, labels?: LabelSet])[];
}

/** Names and texts of cAdvisor (metrics/prometheus_machine.go); all are gauges. */
const MACHINE_FAMILIES: readonly MachineFamily[] = [
  // Books and drawers are levels of s390x machines, which no other has.
  { name: "machine_cpu_books", help: "Number of CPU books.", values: () => [[0]] },
  { name: "machine_cpu_cores", help: "Number of logical CPU cores.", values: ({ cpus }) => [[cpus]] },
  { name: "machine_cpu_drawers", help: "Number of CPU drawers.", values: () => [[0]] },
  { name: "machine_cpu_physical_cores", help: "Number of physical CPU cores.", values: ({ physicalCores }) => [[physicalCores]] },
  { name: "machine_cpu_sockets", help: "Number of CPU sockets.", values: ({ sockets }) => [[sockets]] },
  {
    name: "machine_dimm_capacity_bytes",
    help: "Total RAM DIMM capacity (all types memory modules) value labeled by dimm type.",
    values: ({ memoryModules }) => memoryModules.map(({ capacityBytes, type }) => [capacityBytes, { type }]),
  },
  {
    name: "machine_dimm_count",
    help: "Number of RAM DIMM (all types memory modules) value labeled by dimm type.",
    values: ({ memoryModules }) => memoryModules.map(({ modules, type }) => [modules, { type }]),
  },
  { name: "machine_memory_bytes", help: "Amount of memory installed on the machine.", values: ({ memoryBytes }) => [[memoryBytes]] },
  // Non-volatile memory is asked for by a library the reference is built without, too.
  { name: "machine_nvm_avg_power_budget_watts", help: "NVM power budget.", values: () => [[0]] },
  {
    name: "machine_nvm_capacity",
    help: "NVM capacity value labeled by NVM mode (memory mode or app direct mode).",
    values: () => [
      [0, { mode: "app_direct_mode" }],
      [0, { mode: "memory_mode" }],
    ],
  },
  { name: "machine_swap_bytes", help: "Amount of swap memory available on the machine.", values: ({ swapBytes }) => [[swapBytes]] },
];

/** The families of a machine, sorted by name but for `machine_scrape_error`, which goes where its name belongs. */
export const machineFamilies = (machine: MachineInfo): readonly Family[] => {
  const own = { boot_id: machine.bootId, machine_id: machine.machineId, system_uuid: machine.systemUuid };
  return MACHINE_FAMILIES.map(({ name, help, values }) => ({
    name,
    help,
    type: "gauge",
    samples: values(machine).map(([value, labels]): Sample => ({ labels: { ...own, ...labels }, value, timeMs: machine.timeMs })),
  }));
};
