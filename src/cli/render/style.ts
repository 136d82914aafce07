/** Which colours may be used? One object, so that plain output is the same code without escapes. */

const CODES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, magenta: 35, cyan: 36 } as const;

export type Style = Record<keyof typeof CODES, (text: string) => string>;

/** Functions that colour a text with ANSI codes, or leave it alone. */
export function createStyle(enabled: boolean): Style {
  const entries = Object.entries(CODES).map(([name, code]) => [
    name,
    (text: string) => (enabled ? `\u001b[${String(code)}m${text}\u001b[0m` : text),
  ]);
  return Object.fromEntries(entries) as Style;
}

// eslint-disable-next-line no-control-regex -- ANSI escapes are control characters
const ANSI = /\u001b\[[0-9;]*m/g;

/** Columns a text takes on a terminal; all characters used here are one column wide. */
export function visibleWidth(text: string): number {
  return Array.from(text.replace(ANSI, '')).length;
}

/** Cuts a line to a number of columns, keeping colours closed. */
export function clip(line: string, columns: number): string {
  if (visibleWidth(line) <= columns) return line;
  let left = columns - 1;
  // eslint-disable-next-line no-control-regex -- ANSI escapes are control characters
  const parts = line.split(/(\u001b\[[0-9;]*m)/);
  const kept = parts.map((part, index) => {
    if (index % 2 === 1) return part;
    const taken = Array.from(part).slice(0, left).join('');
    left -= Array.from(taken).length;
    return taken;
  });
  return `${kept.join('')}…`;
}
