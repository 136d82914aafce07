/** What does `holdfast capacity` show? */
import type { CapacityListing } from '../../client';
import type { PoolBlock } from '../../contracts/capacity';
import { secondsBetween, span } from './format';
import type { Style } from './style';
import { table } from './table';

const HEAD = ['ACCOUNT', 'REGION', 'WHAT', 'OPENS IN', 'THEN AT ONCE', 'STRIKES', 'CLASS', 'CODE'];

/** What is blocked, the longest first, then what is open again on probation; `at` is the time of looking, ISO. */
export function capacityPage(memories: CapacityListing[], at: string, style: Style): string[] {
  const rows = memories.flatMap((memory) =>
    Object.entries(memory.blocks)
      .sort(([, a], [, b]) => b.untilMs - a.untilMs)
      .map(([key, block]) => [memory.account, memory.region, ...cells(key, block, at, style)]),
  );
  const problems = memories.flatMap(({ account, region, problem }) =>
    problem === undefined ? [] : [style.red(`${account} ${region} does not answer: ${problem}`)],
  );
  if (rows.length === 0) return problems.length > 0 ? problems : ['Nothing refused lately.'];
  const head = HEAD.map((cell) => style.dim(cell));
  return [...table(head, rows), ...problems];
}

function cells(key: string, block: PoolBlock, at: string, style: Style): string[] {
  const { untilMs, strikes, allowed, class: word, code } = block;
  const left = secondsBetween(at, new Date(untilMs).toISOString());
  const opens = left > 0 ? style.yellow(span(left)) : style.green('open');
  const probe = key.startsWith('pool:') ? String(allowed ?? 1) : 'any';
  return [key, opens, probe, String(strikes), word, code];
}
