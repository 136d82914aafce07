import { existsSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { anchorsOf, linksOf, pages, read, root } from './markdown';

const own = pages().flatMap((page) =>
  linksOf(page)
    .filter(({ target }) => !/^https?:/.test(target))
    .map((link) => ({ ...link, page })),
);

/** The file that a link leads to, from the root, and its anchor. */
function goal(page: string, target: string): { path: string; anchor: string | undefined } {
  const [path = '', anchor] = target.split('#');
  return { path: path === '' ? page : normalize(join(dirname(page), path)), anchor };
}

describe('links of the documentation', () => {
  it.each(own)('lead somewhere: $place $target', ({ page, target }) => {
    const { path, anchor } = goal(page, target);

    expect([path, existsSync(join(root, path))]).toEqual([path, true]);
    if (anchor !== undefined) expect(anchorsOf(path)).toContain(anchor);
  });

  it('reach every page, beginning at the README', () => {
    const reached = new Set(['README.md']);
    for (const page of reached)
      for (const link of own) if (link.page === page) reached.add(goal(page, link.target).path);

    expect(pages().filter((page) => !reached.has(page))).toEqual([]);
  });
});

describe('paths that the documentation names', () => {
  const named = pages().flatMap((page) =>
    [...read(page).matchAll(/`((?:src|test|docs|examples|tools)\/[\w./-]+)`/g)].map(([, path = '']) => ({
      page,
      path,
    })),
  );

  it('are some, and exist', () => {
    expect(named.length).toBeGreaterThan(20);
    expect(named.filter(({ path }) => !existsSync(join(root, path)))).toEqual([]);
  });
});
