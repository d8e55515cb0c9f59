/** Just enough of ASN.1 DER to write certificates for tests. */
const withLength = (tag: number, content: Uint8Array): Buffer => {
  const { length } = content;
  const size =
    length < 0x80
      ? [length]
      : length < 0x100
        ? [0x81, length]
        : length < 0x1_0000
          ? [0x82, length >> 8, length & 0xff]
          : [0x83, length >> 16, (length >> 8) & 0xff, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
};

export const sequence = (...parts: readonly Uint8Array[]): Buffer => withLength(0x30, Buffer.concat(parts));

export const set = (...parts: readonly Uint8Array[]): Buffer => withLength(0x31, Buffer.concat(parts));

/** `[number]`, constructed. */
export const tagged = (number: number, ...parts: readonly Uint8Array[]): Buffer => withLength(0xa0 + number, Buffer.concat(parts));

/** `[number]`, primitive. */
export const taggedBytes = (number: number, content: Uint8Array): Buffer => withLength(0x80 + number, content);

export const integer = (content: Uint8Array): Buffer => {
  const [first = 0] = content;
  return withLength(0x02, first >= 0x80 ? Buffer.concat([Buffer.from([0]), content]) : content);
};

export const bool = (value: boolean): Buffer => withLength(0x01, Buffer.from([value ? 0xff : 0]));

export const octets = (content: Uint8Array): Buffer => withLength(0x04, content);

export const bits = (content: Uint8Array): Buffer => withLength(0x03, Buffer.concat([Buffer.from([0]), content]));

export const utf8 = (text: string): Buffer => withLength(0x0c, Buffer.from(text));

export const oid = (text: string): Buffer => {
  const [first = 0, second = 0, ...rest] = text.split(".").map(Number);
  const bytes = rest.flatMap((part) => {
    const groups = [part & 0x7f];
    for (let left = part >>> 7; left > 0; left >>>= 7) groups.unshift((left & 0x7f) | 0x80);
    return groups;
  });
  return withLength(0x06, Buffer.from([first * 40 + second, ...bytes]));
};

/** UTCTime before 2050, GeneralizedTime from then on (RFC 5280). */
export const time = (atMs: number): Buffer => {
  const digits = new Date(atMs).toISOString().replace(/[-:T]|\.\d+/g, "");
  return digits < "2050" ? withLength(0x17, Buffer.from(digits.slice(2))) : withLength(0x18, Buffer.from(digits));
};
