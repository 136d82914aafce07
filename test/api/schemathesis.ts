/** How is a door fuzzed from its own OpenAPI document? By schemathesis, a process of its own, whose report is read. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runPython } from '../simulator/foreign-python';

export interface Fuzz {
  url: string;
  token: string;
  seed: number;
  /** `coverage` goes through every constraint of the document, `fuzzing` draws requests by chance. */
  phases: ('coverage' | 'fuzzing')[];
  /** Requests that are drawn for each operation. */
  examples: number;
  /** Which experiment an operation is asked of; one by chance where none is named. */
  ids?: Record<string, string>;
}

export interface FuzzReport {
  requests: number;
  /** Kinds of failures, each with where and how often. */
  failures: { title: string; operations: string[]; count: number }[];
  /** What was sent and what came back, for whoever has to find out. */
  text: string;
}

/**
 * What an answer has to keep to. Left out is what takes for a mistake that a well-formed request can be refused, such
 * as a replacement of a node that is not there.
 */
const CHECKS = [
  'not_a_server_error',
  'status_code_conformance',
  'content_type_conformance',
  'response_headers_conformance',
  'response_schema_conformance',
  'negative_data_rejection',
  'unsupported_method',
  'allow_header_conformance',
  'ignored_auth',
];
/** The door says 503 after 30 s without a worker; none should be needed for so long here. */
const ANSWER_SECONDS = 20;

/** Sends the requests; rejects only when it could not. */
export async function schemathesis(python: string, fuzz: Fuzz): Promise<FuzzReport> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-fuzz-'));
  const at = (name: string): string => join(folder, name);
  try {
    await writeFile(at('schemathesis.toml'), configOf(fuzz));
    const cli = ['-m', 'schemathesis.cli', '--no-color', '--config-file', at('schemathesis.toml'), 'run'];
    const reports = ['--report-json-path', at('report.json'), '--report-junit-path', at('report.xml')];
    const wanted = ['--phases', fuzz.phases.join(','), '--checks', CHECKS.join(',')];
    // It ends with 1 when it found something, which the report says too.
    const args = [...cli, `${fuzz.url}/openapi.json`, ...wanted, ...reports];
    const ended = await runPython(python, args, { PYTHONDONTWRITEBYTECODE: '1' }).catch((error: unknown) => error);
    const report = await readFile(at('report.json'), 'utf8').catch(() => {
      throw new Error('schemathesis left no report', { cause: ended });
    });
    return { ...readReport(report), text: await readFile(at('report.xml'), 'utf8') };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** JSON texts are TOML texts as well. */
function configOf({ token, seed, examples, ids = {} }: Fuzz): string {
  const operations = Object.entries(ids).map(
    ([name, id]) =>
      `[[operations]]\ninclude-operation-id = ${JSON.stringify(name)}\nparameters = { "path.id" = ${JSON.stringify(id)} }`,
  );
  return [
    `seed = ${String(seed)}`,
    'continue-on-failure = true',
    'cache = { enabled = false }',
    `request-timeout = ${String(ANSWER_SECONDS)}.0`,
    `headers = { Authorization = ${JSON.stringify(`Bearer ${token}`)} }`,
    '[generation]',
    `max-examples = ${String(examples)}`,
    'database = "none"',
    'no-shrink = true',
    ...operations,
  ].join('\n');
}

function readReport(text: string): Omit<FuzzReport, 'text'> {
  const { complete, errors, failures, test_cases } = JSON.parse(text) as {
    complete: boolean;
    errors: unknown[];
    failures: FuzzReport['failures'];
    test_cases: { generated: number };
  };
  if (!complete || errors.length > 0)
    throw new Error(`schemathesis did not come to its end: ${JSON.stringify(errors)}`);
  return {
    requests: test_cases.generated,
    failures: failures.map(({ title, operations, count }) => ({ title, operations, count })),
  };
}
