/** Is this input a valid spec, and whose worker is this? The first step of every workflow. */
import { Context } from '@temporalio/activity';
import type { Cloud } from '../aws/ports';
import { MAX_LEASE_SECONDS } from '../contracts/lease';
import { EXPERIMENT_ID } from '../contracts/names';
import { leaseProblem } from '../policy/lease';
import type { ResultStore } from '../results/port';
import { failoverSchema } from '../schemas/failover';
import type { ExperimentSpec } from '../schemas/experiment';
import { isMap } from '../schemas/layers';
import { parseExperiment, parseWith, type Parsed } from '../schemas/parse';
import { readinessSchema } from '../schemas/readiness';
import { resolveSpec, type SpecLibrary } from '../schemas/resolve';
import { invalidInput } from './failure';
import type { Target } from './target';
import type { TemporalPort } from './temporal-port';

/** What a workflow may build on. */
export interface Admission {
  spec: ExperimentSpec;
  target: Target;
  installation: string;
  owner: string;
  /** The longest lease of the installation, extensions included. */
  maxLeaseSeconds: number;
  /** Folder or prefix that will hold everything the experiment leaves. */
  results: string;
  /** Whether a reaper comes round that acts; absent when Temporal did not say. */
  reaperActs?: boolean;
}

export interface ReadinessAdmission extends Admission {
  experimentId: string;
}

export interface FailoverAdmission extends ReadinessAdmission {
  /** Slots or instance ids, as they were given. */
  lost: string[];
}

interface AdmissionPorts {
  cloud: Cloud;
  installation: string;
  maxLeaseSeconds?: number;
  results: ResultStore;
  temporal: TemporalPort;
  /** Where templates and profiles are found. */
  library: SpecLibrary;
}

export function createAdmissionActivities({
  cloud,
  installation,
  results,
  temporal,
  library,
  ...limits
}: AdmissionPorts) {
  const { maxLeaseSeconds = MAX_LEASE_SECONDS } = limits;
  const admit = async (spec: ExperimentSpec, experimentId: string): Promise<Admission> => ({
    spec,
    target: await cloud.identity(),
    installation,
    maxLeaseSeconds,
    owner: spec.owner ?? 'unknown',
    results: results.location(experimentId),
  });
  return {
    /** Layers, parses and defaults the input of `experiment` and `provision`; `InvalidInput`: one line per mistake. */
    async admitExperiment(input: unknown): Promise<Admission> {
      const parsed = await layered(input, library, parseExperiment);
      const tooLong = parsed.ok ? leaseProblem(parsed.value.lease, maxLeaseSeconds) : undefined;
      const problems = [
        ...idProblems(),
        ...(parsed.ok ? [] : parsed.problems),
        ...(tooLong === undefined ? [] : [tooLong]),
      ];
      if (!parsed.ok || problems.length > 0) throw invalidInput(problems);
      const reaperActs = await temporal.reaperActs().catch(() => undefined);
      const admission = await admit(parsed.value, workflowId());
      return { ...admission, ...(reaperActs === undefined ? {} : { reaperActs }) };
    },

    /** The same for `readiness`, which names an experiment whose nodes exist. */
    async admitReadiness(input: unknown): Promise<ReadinessAdmission> {
      const parsed = await layeredBelow(input, library, (whole) => parseWith(readinessSchema, whole));
      if (!parsed.ok) throw invalidInput(parsed.problems);
      const { experimentId, spec } = parsed.value;
      return { ...(await admit(spec, experimentId)), experimentId };
    },

    /** The same for `failover` alone; the nodes of a running experiment are that experiment's own business. */
    async admitFailover(input: unknown): Promise<FailoverAdmission> {
      const parsed = await layeredBelow(input, library, (whole) => parseWith(failoverSchema, whole));
      if (!parsed.ok) throw invalidInput(parsed.problems);
      const { experimentId, spec, lost } = parsed.value;
      if (await temporal.isRunning('experiment', experimentId))
        throw invalidInput([`experimentId: ${experimentId} is a running experiment; use the update replaceNode`]);
      return { ...(await admit(spec, experimentId)), experimentId, lost };
    },
  };
}

export type AdmissionActivities = ReturnType<typeof createAdmissionActivities>;

/** The spec with its profile and template below it, parsed. */
async function layered<T>(
  input: unknown,
  library: SpecLibrary,
  parse: (whole: unknown) => Parsed<T>,
): Promise<Parsed<T>> {
  const resolved = await resolveSpec([{ origin: 'input', value: input }], library);
  return resolved.ok ? parse(resolved.value) : resolved;
}

/** The same for an input that holds a spec in its field `spec`. */
async function layeredBelow<T>(
  input: unknown,
  library: SpecLibrary,
  parse: (whole: unknown) => Parsed<T>,
): Promise<Parsed<T>> {
  if (!isMap(input)) return parse(input);
  const inner = (spec: unknown): Parsed<T> => parse({ ...input, spec });
  return isMap(input['spec']) ? layered(input['spec'], library, inner) : parse(input);
}

/** The workflow id is the experiment id and a tag value, so it has to be one AWS takes. */
function idProblems(): string[] {
  const id = workflowId();
  return EXPERIMENT_ID.test(id)
    ? []
    : [
        `workflow id "${id}": is no experiment id: 1 to 128 letters, digits and . _ : - beginning with a letter or digit`,
      ];
}

function workflowId(): string {
  return Context.current().info.workflowExecution?.workflowId ?? '';
}
