/** What would an experiment launch and cost, if it began now? Its own first steps, up to the first that makes anything. */
import { setCurrentDetails } from '@temporalio/workflow';
import type { RegionSurvey } from '../contracts/capacity';
import type { BlockedPools, ExperimentPlan, PlannedComponent } from '../contracts/plan';
import { withNewNetwork } from '../policy/own-network';
import { blockedNow, plannedComponent, withTotals } from '../policy/plan';
import { launchPlanDetails } from '../policy/plan-details';
import { reads } from './activity-proxies';
import { planNext, questionOf, type FillPass, type Wish } from './ask';
import { admitted, causeOf, failure, reasonOf, wasCancelled } from './failure';
import type { Looking } from './fill';
import { surveyed } from './ground';
import { fillAll, wantedOf, type Short } from './passes';
import { newKnowledge, readShared } from './shared-memory';

/** What was found out on the way. */
interface Book {
  surveys: Record<string, Promise<RegionSurvey>>;
  chain: Pick<Wish['chain'], 'knowledge'>;
  /** By what is blocked. */
  blocked: Record<string, BlockedPools>;
}

interface Planned {
  /** Absent when the pass has nothing to ask. */
  planned?: PlannedComponent;
  short?: Short;
}

/**
 * Answers with the plan of a spec. It makes no AWS call that changes anything. A spec that nothing would come of is an
 * answer too (`refused`), in the words the experiment would fail with; only a wrong spec fails, as `InvalidInput`.
 */
export async function plan(input: unknown): Promise<ExperimentPlan> {
  const { spec, target, owner } = await admitted(() =>
    reads.admitExperiment.executeWithOptions({ summary: 'check the spec' }, [input]),
  );
  const notes: string[] = [];
  const book: Book = { surveys: {}, chain: { knowledge: newKnowledge() }, blocked: {} };
  const run: Looking = { target, spec, onEvent: (text) => notes.push(text) };
  const { components, refused } = await look(run, book);
  const digest = await reads.digestPlan.executeWithOptions({ summary: 'digest of the plan' }, [
    { spec, target, components },
  ]);
  const made: ExperimentPlan = {
    name: spec.name,
    owner,
    ...target,
    leaseSeconds: spec.lease,
    ...withTotals(components, spec.lease),
    blocked: Object.values(book.blocked),
    notes: notes.filter((note) => refused?.lines.includes(note) !== true),
    at: new Date(Date.now()).toISOString(),
    digest,
    ...(refused === undefined ? {} : { refused }),
  };
  setCurrentDetails(launchPlanDetails(made));
  return made;
}

/** The way an experiment takes through its regions, with a look in place of every purchase. */
async function look(run: Looking, book: Book): Promise<Pick<ExperimentPlan, 'components' | 'refused'>> {
  try {
    const found = await fillAll<Planned>(run.spec, {
      enter: async (region) => (await (book.surveys[region] ??= survey(run, region))).problems,
      fill: (name, pass) => planFill(run, book, pass, name),
      leave: () => Promise.resolve(),
    });
    return { components: found.flatMap(({ planned }) => planned ?? []) };
  } catch (error) {
    if (wasCancelled(error)) throw error;
    const { type, message } = causeOf(error);
    if (!['Quota', 'Capacity', 'InvalidRequest', 'NotAuthorized'].includes(type)) throw failure(type, message);
    return { components: [], refused: { reason: reasonOf(type), lines: message.split('\n') } };
  }
}

/** What the region offers, with the network that would be made where the spec wants one. */
async function survey(run: Looking, region: string): Promise<RegionSurvey> {
  const found = await surveyed(run, region);
  for (const problem of found.problems) run.onEvent(problem);
  const { network } = run.spec;
  if (network === undefined || !('create' in network) || found.problems.length > 0) return found;
  run.onEvent(`${region}: a network of its own would be made, ${network.cidr}`);
  return withNewNetwork(run.spec, found, network.cidr);
}

/** The first request for a component in a pass, or why there is none. */
async function planFill(
  run: Looking,
  { surveys, chain, blocked }: Book,
  pass: FillPass,
  name: string,
): Promise<Planned> {
  const { region } = pass;
  const spec = run.spec.components[name];
  const found = await surveys[region];
  if (spec === undefined || found === undefined) throw failure('Internal', `${name} is planned before it is surveyed`);
  const count = wantedOf(run.spec, name);
  const wish: Wish = { run, chain, pass, name, spec, survey: found, count, nodes: [], asked: [] };
  await readShared(run, chain, region);
  for (const block of blockedNow(questionOf(wish))) blocked[block.what] = block;
  const next = planNext(wish);
  if (next.kind === 'exhausted') {
    for (const note of [...next.notes.map((line) => `${name}: ${line}`), next.advice]) run.onEvent(note);
    return { short: next };
  }
  const [first] = next.offers;
  if (first === undefined) throw failure('Internal', `${name} is asked for in no pool`);
  return { planned: plannedComponent(questionOf(wish), next, first) };
}
