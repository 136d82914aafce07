/** What does a region need before nodes are bought in it? A survey, a network where one is wanted, groups and templates. */
import type { RegionSurvey } from '../contracts/capacity';
import { withNetwork, zonesOf } from '../policy/own-network';
import { mutations, reads } from './activity-proxies';
import type { Chain, Looking, Provisioning } from './fill';

/** Surveys and prepares a region once; answers with what stands against it, nothing when all is well. */
export function prepare(run: Provisioning, chain: Chain, region: string): Promise<string[]> {
  return (chain.grounds[region] ??= prepareOnce(run, chain, region));
}

async function prepareOnce(run: Provisioning, chain: Chain, region: string): Promise<string[]> {
  const { target, spec, ownership } = run;
  const found = await surveyed(run, region);
  const survey = found.problems.length > 0 ? found : await onOwnNetwork(run, found);
  chain.surveys[region] = survey;
  for (const problem of survey.problems) run.onEvent(problem);
  if (survey.problems.length > 0) return survey.problems;
  const summary = `prepare ${region}: security group, templates`;
  chain.templates[region] = await mutations.prepareRegion.executeWithOptions({ summary }, [
    { target, region, spec, ownership, survey },
  ]);
  return [];
}

/** What the region offers; looked at anew. */
export function surveyed({ target, spec }: Looking, region: string): Promise<RegionSurvey> {
  return reads.surveyRegion.executeWithOptions({ summary: `survey ${region}` }, [{ target, region, spec }]);
}

/** The survey with the subnets of the experiment's own network, where the spec wants one. */
async function onOwnNetwork(run: Provisioning, survey: RegionSurvey): Promise<RegionSurvey> {
  const { target, spec, ownership } = run;
  const { region } = survey;
  if (spec.network === undefined || !('create' in spec.network)) return survey;
  const { cidr } = spec.network;
  const zones = zonesOf(spec, survey);
  const summary = `prepare ${region}: network ${cidr}, ${subnetCount(zones.length)}`;
  const made = await mutations.makeNetwork.executeWithOptions({ summary }, [
    { target, region, ownership, cidr, zones },
  ]);
  if ('problems' in made) return { ...survey, problems: made.problems };
  const { network } = made;
  run.onEvent(
    `${region}: network ${network.vpcId} ${network.cidr}, ${subnetCount(Object.keys(network.subnets).length)}`,
  );
  return withNetwork(survey, network);
}

function subnetCount(count: number): string {
  return `${String(count)} subnet${count === 1 ? '' : 's'}`;
}
