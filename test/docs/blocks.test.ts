import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { parseExperiment } from '../../src/schemas/parse';
import { blocksOf, pages, read, root, type Block } from './markdown';
import { typeErrors } from './typescript';

const blocks = pages().flatMap(blocksOf);
const data = blocks.filter(({ language }) => ['yaml', 'json'].includes(language));
const isSpec = ({ text }: Block): boolean => /^\s*"?components"?:/m.test(text);
const scripts = blocks.filter(({ language }) => language === 'ts');

it('fences of the documentation begin a line, so that none is overlooked here', () => {
  expect(pages().filter((page) => /^[ \t>]+```/m.test(read(page)))).toEqual([]);
});

describe('YAML and JSON blocks of the documentation', () => {
  it.each(data)('can be read: $place', ({ text, language }) => {
    expect(() => (language === 'json' ? (JSON.parse(text) as unknown) : (parse(text) as unknown))).not.toThrow();
  });

  it.each(data.filter(isSpec))('are right by the schema when they are specs: $place', ({ text }) => {
    expect(parseExperiment(parse(text))).toMatchObject({ ok: true });
  });

  it('hold specs, so that the check above has something to check', () => {
    expect(data.filter(isSpec).length).toBeGreaterThanOrEqual(3);
  });

  it.each(data.filter(({ file }) => file !== undefined))(
    'write files that nothing else in the project is: $place',
    ({ file }) => {
      expect(existsSync(join(root, file ?? ''))).toBe(false);
    },
  );
});

describe('TypeScript blocks of the documentation', () => {
  it('type-check against the sources', () => {
    expect(scripts.length).toBeGreaterThan(0);
    expect(typeErrors(scripts)).toEqual([]);
  });

  it('are refused when they call what is not there', () => {
    const place = 'docs/none.md:1';
    const text = "import { connect } from '../src/client';\nexport const client = connect({ adress: 'x' });\n";

    expect(typeErrors([{ place, language: 'ts', text }])).toEqual([expect.stringContaining("'adress'")]);
    expect(typeErrors([{ place, language: 'ts', text: 'await startSimulator({ sed: 1 });' }])).toHaveLength(1);
  });
});
