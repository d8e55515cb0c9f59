import { KubeClientError } from "../errors.ts";

const NEWLINE = 0x0a;

/** The lines of a stream, without their ends; an unfinished last line is not given. @throws KubeClientError "too-large" */
export const splitLines = async function* (chunks: AsyncIterable<Buffer>, maxBytes: number): AsyncGenerator<Buffer, void, undefined> {
  let parts: Buffer[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      const last = chunk.subarray(start, end);
      const line = parts.length === 0 ? last : Buffer.concat([...parts, last], length + last.length);
      parts = [];
      length = 0;
      start = end + 1;
      if (line.length > maxBytes) throw tooLong(maxBytes);
      if (line.length > 0) yield line;
    }
    if (start < chunk.length) {
      parts.push(chunk.subarray(start));
      length += chunk.length - start;
      if (length > maxBytes) throw tooLong(maxBytes);
    }
  }
};

const tooLong = (maxBytes: number): KubeClientError =>
  new KubeClientError({ code: "too-large", message: `an event of the watch is longer than ${maxBytes} bytes` });
