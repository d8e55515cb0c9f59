/** The tags of DER values that X.509 and PKCS #10 use (X.690; constructed types have bit 0x20 set). */
export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  utf8String: 0x0c,
  printableString: 0x13,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

/** The tag of `[number]`: constructed unless it stands for a primitive type (IMPLICIT). */
export const contextTag = (number: number, form: "constructed" | "primitive"): number => (form === "constructed" ? 0xa0 : 0x80) | number;
