/** Do the TypeScript blocks of the documentation type-check? Compiled in memory with the project's own settings. */
import { join } from 'node:path';
import ts from 'typescript';
import { root, type Block } from './markdown';

/** What a block without imports may use; it is the body of an async function then. */
const PRELUDE = "import { connect } from '../src/client';\nimport { startSimulator } from '../src/simulator';\n";

/** One line per error, led by the place of the block. */
export function typeErrors(blocks: readonly Block[]): string[] {
  const sources = new Map(blocks.map((block, index) => [join(root, `docs/block-${String(index)}.ts`), block]));
  const options = compilerOptions();
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile } = host;
  host.fileExists = (name) => sources.has(name) || fileExists(name);
  host.readFile = (name) => textOf(sources.get(name)) ?? readFile(name);
  const program = ts.createProgram([...sources.keys()], options, host);
  return [...sources].flatMap(([name, block]) => {
    const source = program.getSourceFile(name);
    const found = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
    return found.map(({ messageText }) => `${block.place} ${ts.flattenDiagnosticMessageText(messageText, ' ')}`);
  });
}

function textOf(block: Block | undefined): string | undefined {
  if (block === undefined) return undefined;
  if (/^import /m.test(block.text)) return block.text;
  return `${PRELUDE}export async function example(): Promise<void> {\n${block.text}\n}\nvoid connect;\n`;
}

function compilerOptions(): ts.CompilerOptions {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), (name) => ts.sys.readFile(name)) as {
    config: object;
  };
  const parsed = ts.parseJsonConfigFileContent({ ...config, files: [], include: [] }, ts.sys, root);
  const options: ts.CompilerOptions = { ...parsed.options, noEmit: true, declaration: false, sourceMap: false };
  delete options.rootDir;
  delete options.outDir;
  return options;
}
