import { decodeMembers, decodeOid, decodeText } from "./der/decode.ts";
import type { DerValue } from "./der/decode.ts";
import { encodeDirectoryString, encodeOid, encodeSequence, encodeSetOf } from "./der/encode.ts";
import { TAG } from "./der/tags.ts";
import { OID } from "./oids.ts";

/** The parts of a subject or issuer that Kubernetes gives a meaning: the user name and the groups. */
export interface DistinguishedName {
  /** CN; of a client certificate the user name. */
  readonly commonName?: string;
  /** O; of a client certificate the groups. */
  readonly organizations?: readonly string[];
  /** OU. */
  readonly organizationalUnits?: readonly string[];
}

const attribute = (oid: string, text: string): Uint8Array => encodeSequence(encodeOid(oid), encodeDirectoryString(text));

/** O and OU come before CN and share one set each, as Go's pkix.Name writes them. */
export const encodeName = (name: DistinguishedName): Uint8Array => {
  const sets: Uint8Array[] = [];
  const { organizations = [], organizationalUnits = [], commonName } = name;
  if (organizations.length > 0) sets.push(encodeSetOf(...organizations.map((text) => attribute(OID.organization, text))));
  if (organizationalUnits.length > 0) sets.push(encodeSetOf(...organizationalUnits.map((text) => attribute(OID.organizationalUnit, text))));
  if (commonName !== undefined) sets.push(encodeSetOf(attribute(OID.commonName, commonName)));
  return encodeSequence(...sets);
};

/** Attributes other than CN, O and OU are skipped; of several CNs the last counts, as in Go. @throws CertificatesError invalid-der */
export const decodeName = (value: DerValue | undefined): DistinguishedName => {
  const organizations: string[] = [];
  const organizationalUnits: string[] = [];
  let commonName: string | undefined;
  for (const set of decodeMembers(value)) {
    for (const pair of decodeMembers(set, TAG.set)) {
      const [type, text] = decodeMembers(pair);
      const oid = decodeOid(type);
      if (text === undefined) continue;
      if (oid === OID.commonName) commonName = decodeText(text);
      else if (oid === OID.organization) organizations.push(decodeText(text));
      else if (oid === OID.organizationalUnit) organizationalUnits.push(decodeText(text));
    }
  }
  return {
    ...(commonName === undefined ? {} : { commonName }),
    ...(organizations.length === 0 ? {} : { organizations }),
    ...(organizationalUnits.length === 0 ? {} : { organizationalUnits }),
  };
};
