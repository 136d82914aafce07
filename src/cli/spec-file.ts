/** What does an experiment file hold, and where in it is each field? */
import { readFile } from 'node:fs/promises';
import { isCollection, LineCounter, parseDocument, type Document } from 'yaml';
import { EXIT } from './exit';
import { Problem } from './problem';

/** A file that was read: its value, and how to find a field's line. */
export interface SpecFile {
  name: string;
  value: unknown;
  /** `line:column` of a dotted path, or of the nearest parent that is written; undefined when nothing is. */
  locate(path: string): string | undefined;
}

/** Reads YAML or JSON (JSON is YAML). Throws a `Problem` with one line per syntax error. */
export async function readSpecFile(name: string): Promise<SpecFile> {
  const lines = new LineCounter();
  const document = parseDocument(await readText(name), { lineCounter: lines });
  if (document.errors.length > 0) {
    const problems = document.errors.map((error) => `${name}: ${error.message.split('\n')[0] ?? ''}`);
    throw new Problem(`${name} is neither YAML nor JSON`, { exitCode: EXIT.refused, lines: problems });
  }
  return { name, value: document.toJS() as unknown, locate: (path) => locate(document, lines, path) };
}

async function readText(name: string): Promise<string> {
  try {
    return await readFile(name, 'utf8');
  } catch (error) {
    const why = error instanceof Error && 'code' in error && error.code === 'ENOENT' ? 'no such file' : String(error);
    throw new Problem(`cannot read ${name}: ${why}`, { exitCode: EXIT.refused, cause: error });
  }
}

/** A mistake, led by its place in the last file that wrote the field. */
export function placed(problem: string, files: readonly SpecFile[]): string {
  const path = problem.slice(0, Math.max(0, problem.indexOf(': ')));
  for (const file of [...files].reverse()) {
    const place = file.locate(path);
    if (place !== undefined) return `${file.name}:${place} ${problem}`;
  }
  return problem;
}

function locate(document: Document, lines: LineCounter, path: string): string | undefined {
  let node: unknown = document.contents;
  let place: number | undefined;
  let rest = path.split('.');
  while (rest.length > 0 && isCollection(node)) {
    const found = step(node, rest);
    if (found === undefined) break;
    place = found.offset ?? place;
    node = found.node;
    rest = rest.slice(found.used);
  }
  if (place === undefined) return undefined;
  const at = lines.linePos(place);
  return `${String(at.line)}:${String(at.col)}`;
}

/** The child for the first parts of a path; keys may hold dots themselves, so longer keys are tried too. */
function step(
  node: { items: unknown[] },
  rest: string[],
): { node: unknown; offset: number | undefined; used: number } | undefined {
  for (let used = 1; used <= rest.length; used += 1) {
    const key = rest.slice(0, used).join('.');
    for (const [index, item] of node.items.entries()) {
      const pair = item as { key?: { value?: unknown; range?: number[] }; value?: unknown; range?: number[] };
      if (pair.key === undefined && String(index) === key) return { node: item, offset: pair.range?.[0], used };
      if (pair.key !== undefined && String(pair.key.value) === key) {
        return { node: pair.value, offset: pair.key.range?.[0], used };
      }
    }
  }
  return undefined;
}
