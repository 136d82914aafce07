/** What is in a Markdown file? Its fenced blocks, links and headings. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

export const root = resolve(__dirname, '../..');

export interface Block {
  /** Path of the file from the root of the repository, and the line of the fence. */
  place: string;
  /** First word after the fence; empty when there is none. */
  language: string;
  /** Second word after the fence: the file that the text stands for. */
  file?: string;
  text: string;
}

export interface Link {
  place: string;
  target: string;
}

/** Every page of the documentation, by path from the root. */
export function pages(): string[] {
  const below = (folder: string): string[] =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.md'))
      .map((name) => join(folder, name));
  const top = readdirSync(root).filter((name) => name.endsWith('.md'));
  return [...top, ...below('docs')].sort();
}

export function read(page: string): string {
  return readFileSync(join(root, page), 'utf8');
}

const FENCE = /^```(\S*)[ \t]*(\S*)[^\n]*\n([\s\S]*?)^```$/gm;

/** The fenced blocks of a page. */
export function blocksOf(page: string): Block[] {
  const text = read(page);
  return [...text.matchAll(FENCE)].map((match) => {
    const [, language = '', file = '', body = ''] = match;
    const place = `${page}:${String(lineAt(text, match.index))}`;
    return { place, language, text: body, ...(file === '' ? {} : { file }) };
  });
}

/** The links and pictures of a page, outside its fenced blocks. */
export function linksOf(page: string): Link[] {
  const text = read(page);
  const prose = text.replace(FENCE, (block) => block.replace(/[^\n]/g, ' '));
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map((match) => ({
    place: `${page}:${String(lineAt(text, match.index))}`,
    target: match[1] ?? '',
  }));
}

/** The anchors that GitHub makes of the headings of a page. */
export function anchorsOf(page: string): string[] {
  const prose = read(page).replace(FENCE, '');
  return [...prose.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replaceAll(' ', '-'),
  );
}

function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}
