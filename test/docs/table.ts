/** How is a Markdown table written so that nothing in a cell ends it? */

/** A table; Prettier aligns it later. */
export function table(head: string[], rows: string[][]): string {
  const line = (cells: string[]): string => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** Text in the form of code. */
export function code(text: string): string {
  return `\`${text}\``;
}
