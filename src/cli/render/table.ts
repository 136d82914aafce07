/** How do rows line up? Columns by the widest cell, two spaces between, no lines drawn. */
import Table from 'cli-table3';

const NO_LINES = Object.fromEntries(
  ['top', 'bottom', 'left', 'right', 'mid']
    .flatMap((side) => [side, `${side}-mid`, `${side}-left`, `${side}-right`])
    .map((part) => [part, '']),
);

/** Lines of a table without trailing blanks; colours in cells do not count as width. */
export function table(head: string[], rows: string[][]): string[] {
  const drawn = new Table({
    ...(head.length === 0 ? {} : { head }),
    chars: { ...NO_LINES, middle: '  ' },
    style: { head: [], border: [], compact: true, 'padding-left': 0, 'padding-right': 0 },
  });
  drawn.push(...rows);
  return drawn
    .toString()
    .split('\n')
    .map((line) => line.trimEnd());
}
