import type { Member, Problem, Rule } from "../workspace.ts";

const BASE: { readonly [name: string]: readonly string[] } = {
  "@nk/stdx": [],
  "@nk/pod-model": ["@nk/stdx"],
  "@nk/cri-api": [],
};

const allowedFor = (member: Member): readonly string[] => BASE[member.manifest.name] ?? Object.keys(BASE);

/** Packages form a star around the base row: no package knows another, except the three that are everybody's nouns. */
export const starRule: Rule = ({ members }) =>
  members
    .filter(({ kind }) => kind === "package")
    .flatMap((member): Problem[] => {
      const own = Object.keys(member.manifest.dependencies ?? {}).filter((name) => name.startsWith("@nk/"));
      return own
        .filter((name) => !allowedFor(member).includes(name))
        .map((name) => ({
          path: `${member.dir}/package.json`,
          rule: "star",
          message: `${member.manifest.name} depends on ${name}; a package may only know ${allowedFor(member).join(", ") || "nobody"}. Declare a port instead`,
        }));
    });
