/** What was asked of EC2, and what did it answer? */
import type { Attempt, Refusal } from '../../contracts/capacity';
import { clock } from './format';
import type { Style } from './style';

/** One line per launch request with the reason it was refused for, and one more for every further reason. */
export function attemptLines(attempts: Attempt[], style: Style): string[] {
  return attempts.flatMap((attempt) => {
    const [first, ...others] = refusalTexts(attempt.refusals);
    const line = launchLine(attempt, style);
    if (first === undefined) return [line];
    const refused = style.red('refused');
    return [`${line}; ${refused} ${first}`, ...others.map((text) => `         ${refused} ${text}`)];
  });
}

function launchLine(attempt: Attempt, style: Style): string {
  const came = `${String(attempt.launched)} of ${String(attempt.asked)}`;
  const outcome = attempt.launched >= attempt.asked ? style.green(came) : style.yellow(came);
  const what = `${attempt.component} ${attempt.tier} ${attempt.region}`;
  return `${style.dim(clock(attempt.at))} ${what}: ${outcome} in ${attempt.seconds.toFixed(1)}s`;
}

/** One text per code and scope: `t3.small in us-west-2a/b/c: InsufficientInstanceCapacity (capacity, blocks pool)`. */
function refusalTexts(refusals: Refusal[]): string[] {
  const groups = grouped(refusals, ({ code, class: kind, scope }) => {
    const blocks = scope === 'none' ? '' : `, blocks ${scope}`;
    return `${code} (${kind}${blocks})`;
  });
  return groups.map(([why, group]) => `${pools(group)}: ${why}`);
}

function pools(refusals: Refusal[]): string {
  return grouped(refusals, ({ pool }) => `${pool.instanceType} in ${pool.region}`)
    .map(([type, group]) => type + zoneLetters(group))
    .join(', ');
}

/** What follows the region in each zone's name: `a/b/d`. */
function zoneLetters(refusals: Refusal[]): string {
  return [...new Set(refusals.map(({ pool }) => pool.zone.replace(pool.region, '')))].sort().join('/');
}

function grouped(refusals: Refusal[], keyOf: (refusal: Refusal) => string): [string, Refusal[]][] {
  const groups = new Map<string, Refusal[]>();
  for (const refusal of refusals) groups.set(keyOf(refusal), [...(groups.get(keyOf(refusal)) ?? []), refusal]);
  return [...groups];
}
