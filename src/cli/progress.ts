/** How is progress drawn? One page redrawn in place on a terminal, plain lines everywhere else. */
import type { ExperimentStatus } from '../contracts/messages';
import type { Context, Terminal } from './context';
import { changes } from './render/changes';
import { statusPage } from './render/status';
import { clip } from './render/style';
import type { ProgressView } from './watch';

/** The right view for where output goes. */
export function progressView(context: Context, url: string): ProgressView {
  return context.terminal.tty ? redrawn(context, url) : plainLines(context, (line) => context.terminal.out(line));
}

/** One line per change. */
export function plainLines(context: Pick<Context, 'style'>, print: (line: string) => void): ProgressView {
  let before: ExperimentStatus | undefined;
  let staleReason = '';
  return {
    show: (status) => {
      staleReason = '';
      for (const line of changes(before, status, context.style)) print(line);
      before = status;
    },
    stale: (reason) => {
      if (reason !== staleReason) print(`waiting: ${reason}`);
      staleReason = reason;
    },
    end: () => undefined,
  };
}

/** Launches kept in sight: with nine nodes above them the page still fits 40 rows. */
const LAUNCHES = 8;

function redrawn(context: Context, url: string): ProgressView {
  const frame = createFrame(context.terminal);
  const { style } = context;
  let last: string[] = [];
  return {
    show: (status) => {
      last = statusPage(status, { style, at: context.now(), url, launches: LAUNCHES });
      frame.draw(last);
    },
    stale: (reason) => {
      frame.draw([...last, style.yellow(`waiting: ${reason}`)]);
    },
    end: () => undefined,
  };
}

/** Draws lines over the ones drawn before. A page longer than the screen keeps its beginning. */
function createFrame(terminal: Terminal): { draw(lines: string[]): void } {
  let drawn = 0;
  return {
    draw: (lines) => {
      const room = Math.max(1, terminal.rows() - 1);
      const shown = lines.length > room ? [...lines.slice(0, room - 1), '…'] : lines;
      const text = shown.map((line) => `${clip(line, terminal.columns())}\u001b[K`).join('\n');
      // Up to the first line of the last frame, the new frame, then clear what is below it.
      terminal.write(`${drawn === 0 ? '' : `\u001b[${String(drawn)}A\r`}${text}\n\u001b[J`);
      drawn = shown.length;
    },
  };
}
