/** What does the command line need of the HTTP door? */
export { createLog } from './log';
export { startServer, type ServerSettings } from './server';
export { tokenFile } from './tokens';
