/** Everything that this client throws of itself. */
export class TouchstoneError extends Error {}

/** The server refused: `code` is stable, `message` is its sentence. */
export class Problem extends TouchstoneError {
  readonly status: number;
  readonly code: string;
  readonly errors: readonly { field: string; code: string; detail: string }[];

  constructor(status: number, said: Record<string, unknown>) {
    super(typeof said["detail"] === "string" ? said["detail"] : `The server answered ${status}.`);
    this.name = "Problem";
    this.status = status;
    this.code = typeof said["code"] === "string" ? said["code"] : "";
    this.errors = Array.isArray(said["errors"]) ? said["errors"] : [];
  }
}

/** No answer came. */
export class Unreachable extends TouchstoneError {
  override name = "Unreachable";
}

/** A wait ended before what was waited for. */
export class TimedOut extends TouchstoneError {
  override name = "TimedOut";
}

/** The signature is missing, wrong, or more than five minutes old: take no notice of it. */
export class NotGenuine extends TouchstoneError {
  override name = "NotGenuine";
}
