/** `usage`: the command line is wrong; `failed`: the kubelet could not be asked, or refused. The message is for the person who typed. */
export class AskError extends Error {
  override readonly name = "AskError";
  readonly code: "usage" | "failed";

  constructor(code: AskError["code"], message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
