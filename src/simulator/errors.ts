/** How does a handler refuse a call? By throwing an AwsError; everything else that is thrown is a fault of the simulator. */

/** An error as AWS would answer it: `code` and `message` go on the wire, `status` is the HTTP status (400 unless given). */
export class AwsError extends Error {
  readonly code: string;
  readonly status: number;

  constructor(code: string, message: string, status = 400) {
    super(message);
    this.name = 'AwsError';
    this.code = code;
    this.status = status;
  }
}

/** `code` for a resource id that does not exist (or is not visible yet), in EC2's usual words. */
export function notFound(code: string, noun: string, ids: readonly string[]): AwsError {
  const quoted = ids.map((id) => `'${id}'`).join(', ');
  return new AwsError(
    code,
    `The ${noun} ID${ids.length > 1 ? 's' : ''} ${quoted} ${ids.length > 1 ? 'do' : 'does'} not exist`,
  );
}
