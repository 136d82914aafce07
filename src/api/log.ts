/** Where do the door's log lines go? JSON on standard error, with the request's id and without anybody's token. */
import pino, { type Logger } from 'pino';

/** A request is logged by method, path, address and id; its headers and body never are. */
export function createLog(level: string): Logger {
  return pino({ level, redact: ['req.headers', 'headers.authorization'] }, pino.destination(2));
}
