/** What was asked of EC2, and what did it answer? */
import type { Attempt, Refusal } from '../../contracts/capacity';
import { clock, count } from './format';
import type { Style } from './style';

/** One line per launch request, followed by one line per reason it was refused for. */
export function attemptLines(attempts: Attempt[], style: Style): string[] {
  return attempts.flatMap((attempt) => [launchLine(attempt, style), ...refusalLines(attempt.refusals, style)]);
}

function launchLine(attempt: Attempt, style: Style): string {
  const came = `${String(attempt.launched)} of ${String(attempt.asked)}`;
  const outcome = attempt.launched >= attempt.asked ? style.green(came) : style.yellow(came);
  const where = `${attempt.tier} ${attempt.region} (${count(attempt.pools.length, 'pool')})`;
  return `${style.dim(clock(attempt.at))} launch ${attempt.component} ${where}: ${outcome} in ${attempt.seconds.toFixed(1)}s`;
}

/** Refusals with the same code and scope share a line that names their pools. */
function refusalLines(refusals: Refusal[], style: Style): string[] {
  const groups = new Map<string, Refusal[]>();
  for (const refusal of refusals) {
    const key = `${refusal.code}/${refusal.class}/${refusal.scope}`;
    groups.set(key, [...(groups.get(key) ?? []), refusal]);
  }
  return [...groups.values()].map((group) => {
    const [first] = group;
    if (first === undefined) return '';
    const pools = group.map(({ pool }) => `${pool.zone}/${pool.instanceType}`).join(', ');
    const blocks = first.scope === 'none' ? '' : `, blocks ${first.scope}`;
    return `         ${style.red('refused')} ${pools}: ${first.code} (${first.class}${blocks})`;
  });
}
