/** Which settings come from the environment? The only reader of process.env; everything else receives a `Config`. */
import { homedir, tmpdir, userInfo } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { loadClientConnectConfig, type ClientConnectConfig } from '@temporalio/envconfig';
import { z } from 'zod';
import { MAX_LEASE_SECONDS } from './contracts/lease';
import { closest } from './schemas/suggest';
import { duration } from './schemas/units';

type Environment = Readonly<Record<string, string | undefined>>;

const url = z.url({ protocol: /^https?$/, error: 'must be a URL that starts with http:// or https://' });

/** Every variable Holdfast reads, apart from the Temporal connection (`temporalConnectionOptions`). */
const variables = z.object({
  HOLDFAST_TEMPORAL_CLI: z.string().optional().describe('Path of the Temporal CLI that demo, dev and tests start.'),
  HOLDFAST_INSTALLATION: z
    .string()
    // It becomes a tag value and part of names; 64 leaves room for what is put around it.
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'must be 1 to 64 of letters, digits and ._- and start with no mark')
    .default('default')
    .describe('Who owns what: two installations in one account never touch each other.'),
  HOLDFAST_HOME: z.string().default('~/.holdfast').describe('Folder of results and of the development database.'),
  HOLDFAST_AWS_ENDPOINT: url.optional().describe('Where AWS calls go; absent: the real AWS.'),
  AWS_ENDPOINT_URL: url.optional().describe('The same, as other AWS tools name it; the weakest of the three.'),
  HOLDFAST_SIMULATOR: url.optional().describe('Address of `holdfast simulate`: AWS calls go there and cost nothing.'),
  HOLDFAST_OWN_TEMPORAL: z
    .enum(['true', 'false'], 'must be true or false')
    .default('false')
    .describe('The Temporal server was started together with the simulator, so a worker on it may poll there.'),
  AWS_REGION: z
    .string()
    .regex(/^[a-z]{2}(-[a-z]+)+-\d+$/, 'must be an AWS region such as us-west-2')
    .default('us-west-2')
    .describe('Region of calls that belong to no experiment.'),
  HOLDFAST_OWNER: z.string().max(256).optional().describe('Owner tag of new experiments; default: the OS user.'),
  HOLDFAST_MAX_LEASE: duration
    .default(MAX_LEASE_SECONDS)
    .describe('The longest lease of an experiment, extensions included; `7d` when not given.'),
  HOLDFAST_LOG_LEVEL: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'silent'], 'must be trace, debug, info, warn, error or silent')
    .default('info')
    .describe('Least important log line that is written.'),
  HOLDFAST_METRICS_ADDRESS: z
    .string()
    .regex(/^[^\s:]+:\d{1,5}$/, 'must be host:port such as 127.0.0.1:9464')
    .optional()
    .describe('Where the worker serves Prometheus metrics; absent: it does not.'),
  NO_COLOR: z.string().optional().describe('Any value turns colour off (no-color.org).'),
});

/** Secrets that specs refer to by name; any name with this beginning will do. */
const SECRET = 'HOLDFAST_SECRET_';

/** What the process was told, checked and with defaults. Deeply frozen. */
export interface Config {
  readonly temporalCli?: string;
  readonly installation: string;
  /** Absolute path. */
  readonly home: string;
  /** Absent: the real AWS. */
  readonly awsEndpoint?: string;
  /** Set when AWS calls go to a simulator; equal to `awsEndpoint` then. */
  readonly simulatorUrl?: string;
  readonly ownTemporal: boolean;
  readonly region: string;
  readonly owner: string;
  readonly maxLeaseSeconds: number;
  readonly logLevel: z.output<typeof variables>['HOLDFAST_LOG_LEVEL'];
  readonly metricsAddress?: string;
  /** Values of the `HOLDFAST_SECRET_...` variables, which a spec names. */
  readonly secrets: Readonly<Record<string, string>>;
  readonly color: boolean;
  /** Folders in which programs are looked for. */
  readonly searchPath: readonly string[];
  /** Folder for what can be made again, such as a built Temporal CLI. */
  readonly cacheDir: string;
  readonly tempDir: string;
}

/** The environment is wrong. The message has one line per variable. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** Name and meaning of every variable, for `--help`, the reference page and tests. */
export const CONFIG_VARIABLES: Readonly<Record<string, string>> = Object.freeze(
  Object.fromEntries(Object.entries(variables.shape).map(([name, schema]) => [name, schema.description ?? ''])),
);

/** Reads the environment. Empty counts as unset. Throws `ConfigError` naming every bad or unknown variable. */
export function readConfig(env: Environment = process.env): Config {
  const given = withoutEmpty(env);
  const parsed = variables.safeParse(given);
  const problems = [...unknownVariables(given), ...(parsed.success ? conflicts(parsed.data) : lines(parsed.error))];
  if (!parsed.success || problems.length > 0) throw new ConfigError(problems.join('\n'));
  return Object.freeze(resolved(parsed.data, given));
}

function resolved(values: z.output<typeof variables>, given: Record<string, string>): Config {
  return {
    ...present('temporalCli', values.HOLDFAST_TEMPORAL_CLI && path(values.HOLDFAST_TEMPORAL_CLI)),
    installation: values.HOLDFAST_INSTALLATION,
    home: path(values.HOLDFAST_HOME),
    ...present('awsEndpoint', values.HOLDFAST_SIMULATOR ?? values.HOLDFAST_AWS_ENDPOINT ?? values.AWS_ENDPOINT_URL),
    ...present('simulatorUrl', values.HOLDFAST_SIMULATOR),
    ownTemporal: values.HOLDFAST_OWN_TEMPORAL === 'true',
    region: values.AWS_REGION,
    owner: values.HOLDFAST_OWNER ?? osUser(),
    maxLeaseSeconds: values.HOLDFAST_MAX_LEASE,
    logLevel: values.HOLDFAST_LOG_LEVEL,
    ...present('metricsAddress', values.HOLDFAST_METRICS_ADDRESS),
    secrets: Object.freeze(Object.fromEntries(Object.entries(given).filter(([name]) => name.startsWith(SECRET)))),
    color: values.NO_COLOR === undefined,
    searchPath: Object.freeze((given['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '')),
    cacheDir: join(given['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'holdfast'),
    tempDir: tmpdir(),
  };
}

/** The member, or nothing at all: an optional member is absent, never undefined. */
function present<K extends string>(name: K, value: string | undefined): { [P in K]?: string } {
  return value === undefined ? {} : ({ [name]: value } as { [P in K]?: string });
}

/** Where the production Temporal server is: TEMPORAL_* variables over the profile in temporal.toml over localhost. */
export function temporalConnectionOptions(env: Environment = process.env): ClientConnectConfig {
  return loadClientConnectConfig({ overrideEnvVars: withoutEmpty(env) });
}

function withoutEmpty(env: Environment): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== ''),
  );
}

function lines(error: z.ZodError): string[] {
  return error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
}

/** A misspelt name would be ignored in silence, and a wrong installation is a leak nobody looks for. */
function unknownVariables(given: Record<string, string>): string[] {
  const known = Object.keys(variables.shape);
  return Object.keys(given)
    .filter(
      (name) =>
        name.startsWith('HOLDFAST_') &&
        !name.startsWith('HOLDFAST_TEST_') &&
        !name.startsWith(SECRET) &&
        !known.includes(name),
    )
    .map((name) => {
      const suggestion = closest(name, known);
      return `${name}: is no known variable${suggestion === undefined ? '' : `; did you mean ${suggestion}?`}`;
    });
}

/** Two addresses for one thing: guessing could send a rehearsal to the real AWS. */
function conflicts(values: z.output<typeof variables>): string[] {
  const { HOLDFAST_SIMULATOR: simulator, HOLDFAST_AWS_ENDPOINT: endpoint } = values;
  if (simulator === undefined || endpoint === undefined || simulator === endpoint) return [];
  return [`HOLDFAST_AWS_ENDPOINT: is ${endpoint} but HOLDFAST_SIMULATOR is ${simulator}; unset one of them`];
}

function path(text: string): string {
  return resolve(text.replace(/^~(?=$|\/)/, homedir()));
}

/** Containers may run under a user id that has no name. */
function osUser(): string {
  try {
    return userInfo().username;
  } catch {
    return 'unknown';
  }
}
